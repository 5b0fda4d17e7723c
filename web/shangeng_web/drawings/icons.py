"""Line icons on a 24 grid, stroke 1.75 (the style sheet sets it); a page carries only those it uses."""

from collections.abc import Mapping

ICONS: Mapping[str, str] = {
    # verdicts and rules
    "tick": '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.4 3 3 6-6.6"/>',
    "stop": '<path d="M8 2.5h8l5.5 5.5v8L16 21.5H8L2.5 16V8Z"/><path d="m8.5 8.5 7 7m0-7-7 7"/>',
    "pause": '<circle cx="12" cy="12" r="9.5"/><path d="M9.5 8.5v7m5-7v7"/>',
    "mind": '<path d="M12 3 2.5 20h19Z"/><path d="M12 9.5v5m0 2.6v.1"/>',
    "ask": '<circle cx="12" cy="12" r="9.5"/><path d="M9.3 9.4c.2-1.6 1.3-2.5 2.8-2.5 1.6 0 2.8 1 2.8 2.5'
    ' 0 2.1-2.8 2.3-2.8 4.4m0 2.9v.1"/>',
    "part": '<path d="M3 8V3h5m8 0h5v5M8 21H3v-5M16 21h.1m4.9-5v.1M21 21h.1M8 8h3v3H8zm5 5h3v3h-3z"/>',
    "off": '<circle cx="12" cy="12" r="9.5"/><path d="m5.5 5.5 13 13"/>',
    "dash": '<circle cx="12" cy="12" r="9.5" stroke-dasharray="3 3.2"/>',
    "clock": '<circle cx="12" cy="12" r="9.5"/><path d="M12 6.5V12l3.5 2"/>',
    # who says so
    "phone": '<path d="M7 2.5h10v19H7zM11 18.5h2"/>',
    "pen": '<path d="m4 20 1.2-4.7L16.5 4 20 7.5 8.7 18.8Zm10-13.5 3.5 3.5"/>',
    "house": '<path d="M3 11.5 12 4l9 7.5M5.5 9.8V20h13V9.8M10 20v-5.5h4V20"/>',
    "lens": '<circle cx="10.5" cy="10.5" r="7.5"/><path d="m16 16 5.5 5.5M7.4 10.8l2.2 2.2 4-4.6"/>',
    "gov": '<path d="M12 2.5 20 6v6c0 5-3.4 8-8 9.5C7.4 20 4 17 4 12V6Zm-3.8 9.3 2.8 2.8 5-5.6"/>',
    # things to do
    "call": '<path d="M5 3h4l1.8 5-2.3 1.7a12 12 0 0 0 5.8 5.8L16 13.2l5 1.8v4c0 1.1-.9 2-2 2C10.7 21 3 13.3 3 5'
    'c0-1.1.9-2 2-2Z"/>',
    "cam": '<path d="M3 7h4.5L9 4.5h6L16.5 7H21v12.5H3Z"/><circle cx="12" cy="13" r="3.7"/>',
    "down": '<path d="M12 3v12m-5-5 5 5 5-5M4 20.5h16"/>',
    "cloud": '<path d="M7 19a4.5 4.5 0 0 1-.6-9A6 6 0 0 1 18 9.5 4.8 4.8 0 0 1 17.5 19Z"/>'
    '<path d="M12 16.5v-5m-2.2 2L12 11.3l2.2 2.2"/>',
    "scan": '<path d="M3 8V3h5m8 0h5v5m0 8v5h-5M8 21H3v-5M6 12h12"/>',
    "plus": '<path d="M12 4v16M4 12h16"/>',
    "find": '<circle cx="10.5" cy="10.5" r="7"/><path d="m15.8 15.8 5.2 5.2"/>',
    "print": '<path d="M7 8V3h10v5M7 17H3.5V8h17v9H17M7 13.5h10V21H7Z"/>',
    "file": '<path d="M6 2.5h8l4.5 4.5v14.5H6ZM14 2.5V7h4.5M9 12.5h6m-6 4h6"/>',
    "out": '<path d="M14 4h6v6m0-6-9.5 9.5M19 14v6H4V5h6"/>',
    "key": '<circle cx="8" cy="15.5" r="4.5"/><path d="m11.5 12.3 8-8.3m-3 3 2.8 2.8M14 10l2 2"/>',
}
