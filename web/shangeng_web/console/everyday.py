"""The routers of the everyday half: start page, batches, steps, shipments, photos."""

from shangeng_web.console import batches, making, opening, photos, shipments, start, steps

ROUTERS = (start.router, opening.router, batches.router, steps.router, making.router, shipments.router, photos.router)
"""`opening` stands before `batches`: its `/batches/new` is no batch."""
