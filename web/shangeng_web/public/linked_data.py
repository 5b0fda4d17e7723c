"""What the page says once more for machines: schema.org JSON-LD, the same facts and no other. Pure."""

import json
from typing import Any

from markupsafe import Markup

from shangeng_web.i18n import Language, translator
from shangeng_web.public.permits import Permit
from shangeng_web.public.story import Story


def product_data(story: Story, address: str, language: Language) -> Markup:
    """Return schema.org `Product` with its certifications, safe to stand in a `script` element."""
    _ = translator(language)
    maker = {"@type": "Organization", "name": story.plain_producer}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": address,
        "url": address,
        "name": story.plain_name,
        "countryOfOrigin": {"@type": "Country", "name": "CN"},
        "manufacturer": maker,
        "brand": {"@type": "Brand", "name": "丽水山耕"},
        "identifier": {"@type": "PropertyValue", "propertyID": "lot", "value": story.lot},
    }
    if story.gtin is not None:
        data["gtin"] = story.gtin
    if story.packing is not None and story.packing.made_on is not None:
        data["productionDate"] = story.packing.made_on.isoformat()
    permits = [permit for permit in (story.certificate, story.licence) if permit is not None]
    if permits:
        data["hasCertification"] = [_certification(permit, _("商标使用许可")) for permit in permits]
    # A closing tag inside a text would end the element.
    return Markup(json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704 - no "<" is left in it


def _certification(permit: Permit, licence: str) -> dict[str, Any]:
    return {
        "@type": "Certification",
        "certificationIdentification": permit.standing.number,
        "name": permit.title or licence,
        "issuedBy": {"@type": "Organization", "name": permit.issuer.striptags()},
        "validFrom": permit.valid_from.isoformat(),
        "expires": permit.valid_until.isoformat(),
        "certificationStatus": f"https://schema.org/Certification{'Active' if permit.standing.holds else 'Inactive'}",
    }
