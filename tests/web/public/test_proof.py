"""What anyone can take away and check: the bundle, the symbol, the instructions."""

import json
import re
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from shangeng_trace.canonical import canonical, digest
from shangeng_trace.entry_proof import check_proof
from shangeng_trace.policy import parse_policy
from shangeng_trace.tlogproof import parse_proof
from shangeng_trace.verifying import verify_bundle
from tests.visiting import Guest
from tests.web.public.reading import words
from tests.web.public.scene import Scene

pytestmark = pytest.mark.anyio


async def test_the_bundle_is_good_under_the_policy_and_rests_on_the_permissions(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    answer = await shopper.get(f"/b/{batch}/bundle.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="HM20260412-bundle.json"'
    policy = parse_policy((await shopper.get("/log/policy")).text)
    report = verify_bundle(answer.content, policy)
    assert (report.problems, report.is_good, report.trusted) == ([], True, True)
    ids = [statement.get("id", "") for statement in json.loads(answer.content)["statements"]]
    assert any(each.endswith(f"/c/{scene.certificate}") for each in ids)
    assert any(each.endswith(f"/c/{scene.licence}") for each in ids)
    again = await shopper.get(f"/b/{batch}/bundle.json", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_the_symbol_leads_to_the_page(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    drawn = await shopper.get(f"/b/{batch}/qr.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert f"http://127.0.0.1:8000/b/{batch}" in drawn.text
    dots = await shopper.get(f"/B/{batch}/qr.png")
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(dots.content)).convert("L"))
    assert found.text == f"http://127.0.0.1:8000/b/{batch}"


async def test_the_instructions_name_command_policy_and_limits(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    page = await shopper.get(f"/b/{batch}/verify")
    text = words(page.text)
    assert "shangeng verify HM20260412-bundle.json --policy policy.txt" in text
    assert str(scene.platform.log_key) in text
    assert "不证明内容属实" in text
    assert f'href="/b/{batch}/bundle.json"' in page.text


async def test_the_proof_of_one_entry_holds_by_itself(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    page = (await shopper.get(f"/b/{batch}/verify")).text
    (address,) = re.findall(rf'href="(/b/{batch}/entry-[0-9]+\.tlog-proof)"', page)
    answer = await shopper.get(address)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="HM20260412-entry-')
    policy = parse_policy((await shopper.get("/log/policy")).text)
    bundle = json.loads((await shopper.get(f"/b/{batch}/bundle.json")).content)
    proven = check_proof(parse_proof(answer.content), policy=policy)
    assert proven.entry is not None
    (statement,) = [each for each in bundle["statements"] if digest(each) == proven.entry.digest]
    assert check_proof(parse_proof(answer.content), policy=policy, statement=canonical(statement)).with_statement
    again = await shopper.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("index", ["0", "999999", "9" * 30, "-1", "01", "x", "1e3"])
async def test_no_proof_of_an_entry_that_is_not_the_batchs(scene: Scene, shopper: Guest, index: str) -> None:
    assert (await shopper.get(f"/b/{scene.tea()}/entry-{index}.tlog-proof")).status_code == 404
