"""The pages that anybody may read."""

from fastapi import APIRouter

from shangeng_web.public import batch, code, entry_proofs, landing, media, register, verifying

router = APIRouter()
for part in (landing, code, batch, verifying, entry_proofs, register, media):
    router.include_router(part.router)
