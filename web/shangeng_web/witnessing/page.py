"""The witness's page for people, in both languages on one page: who it is, and what it has seen of each log."""

from datetime import UTC, datetime
from hashlib import sha256
from html import escape

from shangeng_trace.clock import SHANGHAI
from shangeng_trace.witness.witness import Witness

_STYLE = """
body{max-width:44rem;margin:0 auto;padding:1.5rem;font:1rem/1.6 "PingFang SC","Noto Sans SC","Microsoft YaHei",sans-serif;
color:#1f2a24;background:#faf7f0}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}dt{color:#5b655f}dd{margin:0 0 .6rem}.stop{color:#a3291f;font-weight:600}
@media(prefers-color-scheme:dark){body{color:#e8e4d8;background:#1a1f1c}dt{color:#a9b2ac}.stop{color:#ff8a7a}}
"""


def write_page(witness: Witness) -> str:
    """Return the page as HTML without scripts."""
    name = escape(witness.vkey.name)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{name} · 见证方 witness</title><style>{_STYLE}</style><main><h1>{name}</h1>"
        "<p>本站是账本的见证方：只有当账本在上次见证之后只增不改时，才签名作证。它不判断内容真假。</p>"
        '<p lang="en">This is a witness of logs: it cosigns a log only where it has done nothing but grow since the '
        "last time. It does not judge whether the contents are true.</p>"
        f'<dl><dt>公钥 <span lang="en">verifier key</span></dt><dd><code>{escape(str(witness.vkey))}</code></dd></dl>'
        + "".join(_log_section(witness, origin) for origin in witness.logs)
        + "</main></html>"
    )


def _log_section(witness: Witness, origin: str) -> str:
    held = witness.store.held(origin)
    total, never = witness.store.count_shown(origin)
    if not held.note:
        state = '还没有见证过。<span lang="en">Nothing cosigned yet.</span>'
    else:
        when = datetime.fromtimestamp(held.time, UTC).astimezone(SHANGHAI)
        digest = sha256(origin.encode()).hexdigest()
        state = f'<a href="/{digest}/checkpoint">{held.head.size:,}</a>（{when:%Y-%m-%d %H:%M:%S} UTC+8）'
    warning = ""
    if never:
        warning = (
            f'<p class="stop">有 {never} 份账本签过名的检查点没有通过见证，已留作证据。'
            f'<span lang="en">Signed checkpoints not cosigned, kept as evidence: {never}.</span></p>'
        )
    return (
        f'<h2>{escape(origin)}</h2><dl><dt>已见证的条数 <span lang="en">entries cosigned</span></dt><dd>{state}</dd>'
        f'<dt>收到的检查点 <span lang="en">checkpoints shown</span></dt><dd>{total:,}</dd></dl>{warning}'
    )
