"""Microsoft's Python SDK against a blob service: each check prints `ok NAME`; one that fails prints `FAILED NAME`, and the run ends with 1.

The service comes as one JSON object on standard input, so that no key stands on a command line:
{"endpoint": URL, "accounts": [[NAME, KEY], [NAME, KEY]], "ca_file": PATH or null, "service": "azurite" or "lab"}
Azurite differs from the service in places; `WANTED` and `only` say where.
"""

import base64
import hashlib
import json
import sys
import time
import traceback
import uuid
from datetime import datetime, timedelta, timezone

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
)
from azure.storage.blob import (
    AccessPolicy,
    AccountSasPermissions,
    BlobBlock,
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ContentSettings,
    CorsRule,
    ResourceTypes,
    StandardBlobTier,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

TARGET = json.load(sys.stdin)
LAB = TARGET["service"] == "lab"
(SOURCE, SOURCE_KEY), (OTHER, OTHER_KEY) = TARGET["accounts"]
KIB = 1024

# Error codes by what is done wrong: the service's own, then Azurite's where it says something else.
WANTED = {
    "permission": {"AuthorizationPermissionMismatch"},
    "resource type": {"AuthorizationResourceTypeMismatch"},
    "expired": {"AuthenticationFailed"} if LAB else {"AuthenticationFailed", "AuthorizationFailure"},
    "early": {"AuthenticationFailed"} if LAB else {"AuthenticationFailed", "AuthorizationFailure"},
    "forged": {"AuthenticationFailed"} if LAB else {"AuthenticationFailed", "AuthorizationFailure"},
    "elsewhere": {"AuthenticationFailed"} if LAB else {"AuthenticationFailed", "AuthorizationFailure"},
    "protocol": {"AuthorizationProtocolMismatch"},
    "digest": {"Md5Mismatch"} if LAB else {"Md5Mismatch", "InvalidOperation"},
}

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def lab_only(function):
    if LAB:
        CHECKS.append(function)
    return function


# One try each: a refusal is to be seen at once, not after retries that hide it.
OPTIONS = {"retry_total": 0, "connection_timeout": 20, "read_timeout": 30}
if TARGET["ca_file"]:
    OPTIONS["connection_verify"] = TARGET["ca_file"]


def account_url(name):
    return f"{TARGET['endpoint']}/{name}"


def service(name=SOURCE, key=SOURCE_KEY, **more):
    return BlobServiceClient(account_url(name), credential={"account_name": name, "account_key": key}, **OPTIONS, **more)


def other():
    return service(OTHER, OTHER_KEY)


def container(of=None, **more):
    """A new container, in the first account unless said otherwise; `more` sets the client's sizes."""
    return (of or service(**more)).create_container(f"py-{uuid.uuid4().hex[:12]}")


def noise(length, seed=1):
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(length)


def hour(hours=1):
    return datetime.now(timezone.utc) + timedelta(hours=hours)


def equal(got, wanted):
    assert got == wanted, f"got {str(got)[:300]!r}, wanted {str(wanted)[:300]!r}"


def refused(call, codes, kind=HttpResponseError, status=None):
    """The call fails with one of the codes; returns the error."""
    try:
        call()
    except kind as error:
        code = getattr(error, "error_code", None)
        code = getattr(code, "value", code)
        if codes is not None:
            assert code in codes, f"error code {code} ({error.status_code}), wanted {codes}"
        if status is not None:
            equal(error.status_code, status)
        return error
    raise AssertionError(f"not refused; wanted {codes or kind.__name__}")


def blob_sas(blob, permission, key=SOURCE_KEY, **more):
    more.setdefault("expiry", hour())
    sas = generate_blob_sas(
        blob.account_name, blob.container_name, blob.blob_name, account_key=key,
        permission=BlobSasPermissions.from_string(permission), **more,
    )
    return BlobClient.from_blob_url(f"{blob.url}?{sas}", **OPTIONS)


def container_sas(of, permission, key=SOURCE_KEY, **more):
    more.setdefault("expiry", hour())
    if permission is not None:
        more["permission"] = ContainerSasPermissions.from_string(permission)
    sas = generate_container_sas(of.account_name, of.container_name, account_key=key, **more)
    return ContainerClient.from_container_url(f"{of.url}?{sas}", **OPTIONS)


def account_sas(permission, types="sco", **more):
    more.setdefault("expiry", hour())
    kinds = ResourceTypes(service="s" in types, container="c" in types, object="o" in types)
    sas = generate_account_sas(
        SOURCE, SOURCE_KEY, resource_types=kinds, permission=AccountSasPermissions.from_string(permission), **more
    )
    return BlobServiceClient(f"{account_url(SOURCE)}?{sas}", **OPTIONS)


def other_version(blob):
    """The same blob in the other account, with a SAS to read the first by."""
    return other(), blob_sas(blob, "r").url


@check
def containers():
    of = service()
    name = f"py-{uuid.uuid4().hex[:12]}"
    of.create_container(name, metadata={"purpose": "export"})
    refused(lambda: of.create_container(name), {"ContainerAlreadyExists"}, ResourceExistsError, 409)
    found = {c.name: c for c in of.list_containers(name_starts_with=name[:8], include_metadata=True)}
    equal(found[name].metadata, {"purpose": "export"})
    one = of.get_container_client(name)
    one.set_container_metadata({"purpose": "import", "run": "7"})
    equal(one.get_container_properties().metadata, {"purpose": "import", "run": "7"})
    assert one.exists()
    pages = list(of.list_containers(results_per_page=1).by_page())
    assert len(pages) >= 1 and len(list(pages[0])) == 1
    one.delete_container()
    assert not one.exists()
    refused(one.get_container_properties, {"ContainerNotFound"}, ResourceNotFoundError, 404)


@check
def stored_access_policies():
    of = container()
    policy = AccessPolicy(ContainerSasPermissions(read=True, list=True), expiry=hour(), start=hour(-1))
    of.set_container_access_policy({"reader": policy})
    told = of.get_container_access_policy()
    equal([(i.id, i.access_policy.permission) for i in told["signed_identifiers"]], [("reader", "rl")])
    of.upload_blob("a", b"abc")
    by_policy = container_sas(of, None, policy_id="reader", expiry=None)
    equal(by_policy.download_blob("a").readall(), b"abc")
    equal([b.name for b in by_policy.list_blobs()], ["a"])
    refused(lambda: by_policy.upload_blob("b", b"x"), WANTED["permission"], status=403)
    of.set_container_access_policy({})
    refused(lambda: by_policy.download_blob("a"), None, status=403)


@check
def small_and_empty_blobs():
    of = container()
    for name, data in [("small", noise(1000)), ("empty", b"")]:
        blob = of.upload_blob(name, data, content_settings=ContentSettings(content_type="application/x-tar"))
        told = blob.get_blob_properties()
        equal((told.size, told.content_settings.content_type, told.blob_type), (len(data), "application/x-tar", "BlockBlob"))
        equal(bytes(told.content_settings.content_md5), hashlib.md5(data).digest())
        equal(blob.download_blob().readall(), data)
        assert blob.exists()
    assert not of.get_blob_client("none").exists()
    refused(lambda: of.download_blob("none"), {"BlobNotFound"}, ResourceNotFoundError, 404)


@check
def chunked_upload_and_download():
    of = container(max_single_put_size=64 * KIB, max_block_size=100 * KIB, max_single_get_size=64 * KIB, max_chunk_get_size=50 * KIB)
    data = noise(1_000_003)
    blob = of.upload_blob("big", data, max_concurrency=4, metadata={"category": "acr-transfer-blob"})
    equal(len(blob.get_block_list("committed")[0]), 10)
    equal(blob.download_blob(max_concurrency=4).readall(), data)
    equal(b"".join(blob.download_blob().chunks()), data)
    equal(blob.get_blob_properties().metadata, {"category": "acr-transfer-blob"})


@check
def validated_content():
    of = container(max_single_put_size=64 * KIB, max_block_size=100 * KIB, max_single_get_size=64 * KIB, max_chunk_get_size=50 * KIB)
    data = noise(400_001)
    for name, cut in [("one", data[:1000]), ("many", data)]:
        blob = of.upload_blob(name, cut, validate_content=True, max_concurrency=2)
        equal(blob.download_blob(validate_content=True, max_concurrency=2).readall(), cut)
        equal(blob.download_blob(offset=5, length=77, validate_content=True).readall(), cut[5:82])


@check
def wrong_content_md5():
    blob = container().get_blob_client("wrong")
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    headers = {"Content-MD5": wrong}
    refused(lambda: blob.stage_block("AAAA", b"data", headers=headers), WANTED["digest"], status=400)
    refused(lambda: blob.upload_blob(b"data", headers=headers), WANTED["digest"], status=400)
    assert not blob.exists()


@check
def blocks():
    of = container()
    blob = of.get_blob_client("blocks")
    ids = [base64.b64encode(f"{n:06}".encode()).decode() for n in range(4)]
    parts = [noise(50_000 + n, n) for n in range(4)]
    for one, part in zip(ids[:3], parts):
        blob.stage_block(one, part, validate_content=True)
    committed, staged = blob.get_block_list("all")
    equal((len(committed), sorted((b.id, b.size) for b in staged)), (0, sorted((i, len(p)) for i, p in zip(ids[:3], parts))))
    assert not blob.exists()
    refused(lambda: blob.commit_block_list([BlobBlock(ids[3])]), {"InvalidBlockList"}, status=400)
    blob.commit_block_list([BlobBlock(i) for i in (ids[2], ids[0])])
    equal(blob.download_blob().readall(), parts[2] + parts[0])
    # A block that the commit left out is gone; a committed one may be used again.
    blob.stage_block(ids[3], parts[3])
    committed, staged = blob.get_block_list("all")
    equal(([b.id for b in committed], [b.id for b in staged]), ([ids[2], ids[0]], [ids[3]]))
    blob.commit_block_list(
        [BlobBlock(ids[0]), BlobBlock(ids[3])], content_settings=ContentSettings(content_type="text/x"), metadata={"k": "v"}
    )
    equal(blob.download_blob().readall(), parts[0] + parts[3])
    equal(blob.get_blob_properties().content_settings.content_type, "text/x")
    if LAB:
        refused(lambda: blob.stage_block("Zm9v", b"shorter id"), {"InvalidBlobOrBlock", "InvalidBlockId"}, status=400)


@check
def blocks_from_url():
    data = noise(200_000)
    there, url = other_version(container().upload_blob("from", data))
    blob = container(there).get_blob_client("to")
    ids = [base64.b64encode(f"{n}".encode()).decode() for n in range(2)]
    blob.stage_block_from_url(ids[0], url, source_offset=0, source_length=100_000)
    blob.stage_block_from_url(ids[1], url, source_offset=100_000, source_length=100_000)
    blob.commit_block_list([BlobBlock(i) for i in ids])
    equal(blob.download_blob().readall(), data)
    forged = url.replace("sig=", "sig=AAAA")
    refused(lambda: blob.stage_block_from_url(ids[0], forged, source_offset=0, source_length=9), None)


@lab_only
def upload_from_url():
    data = noise(90_000)
    source = container().upload_blob("from", data, metadata={"k": "v"}, content_settings=ContentSettings(content_type="text/x"))
    there, url = other_version(source)
    blob = container(there).get_blob_client("to")
    blob.upload_blob_from_url(url)
    told = blob.get_blob_properties()
    equal((blob.download_blob().readall(), told.content_settings.content_type), (data, "text/x"))
    blob.upload_blob_from_url(url, overwrite=True, metadata={"n": "1"}, source_content_md5=hashlib.md5(data).digest())
    equal(blob.get_blob_properties().metadata, {"n": "1"})
    refused(lambda: blob.upload_blob_from_url(url), {"BlobAlreadyExists"}, ResourceExistsError, 409)


@check
def copies():
    data = noise(150_000)
    source = container().upload_blob("from", data, metadata={"k": "v"}, content_settings=ContentSettings(content_type="text/x"))
    there, url = other_version(source)
    of = container(there)
    blob = of.get_blob_client("polled")
    blob.start_copy_from_url(url)
    until = time.monotonic() + 20
    while (told := blob.get_blob_properties()).copy.status == "pending" and time.monotonic() < until:
        time.sleep(0.05)
    equal((told.copy.status, told.metadata, told.content_settings.content_type), ("success", {"k": "v"}, "text/x"))
    equal(told.copy.progress, "150000/150000")
    equal(blob.download_blob().readall(), data)
    now = of.get_blob_client("at once")
    equal(now.start_copy_from_url(url, requires_sync=True, metadata={"n": "2"})["copy_status"], "success")
    equal((now.download_blob().readall(), now.get_blob_properties().metadata), (data, {"n": "2"}))
    refused(lambda: of.get_blob_client("x").start_copy_from_url(source.url + "-none?" + url.split("?")[1]), None)


@check
def ranges():
    data = noise(10_000)
    blob = container().upload_blob("r", data)
    for offset, length in [(0, 1), (0, 10_000), (9_999, 1), (5_000, 9_000), (123, None)]:
        wanted = data[offset:] if length is None else data[offset : offset + length]
        equal(blob.download_blob(offset=offset, length=length).readall(), wanted)
    if LAB:
        refused(lambda: blob.download_blob(offset=10_000, length=5), {"InvalidRange"}, status=416)


@check
def conditions():
    of = container()
    blob = of.upload_blob("c", b"one")
    first = blob.get_blob_properties().etag
    refused(lambda: of.upload_blob("c", b"two"), {"BlobAlreadyExists"}, ResourceExistsError, 409)
    of.upload_blob("c", b"two", overwrite=True)
    second = blob.get_blob_properties().etag
    assert first != second
    old = {"etag": first, "match_condition": MatchConditions.IfNotModified}
    same = {"etag": second, "match_condition": MatchConditions.IfModified}
    refused(lambda: blob.download_blob(**old), {"ConditionNotMet"}, ResourceModifiedError, 412)
    refused(lambda: blob.upload_blob(b"x", overwrite=True, **old), {"ConditionNotMet"}, ResourceModifiedError, 412)
    refused(lambda: blob.set_blob_metadata({"a": "b"}, **old), {"ConditionNotMet"}, ResourceModifiedError, 412)
    refused(lambda: blob.delete_blob(**old), {"ConditionNotMet"}, ResourceModifiedError, 412)
    refused(lambda: blob.download_blob(**same), None, (ResourceNotModifiedError, HttpResponseError), 304)
    now = {"etag": second, "match_condition": MatchConditions.IfNotModified}
    equal(blob.download_blob(**now).readall(), b"two")
    refused(lambda: blob.download_blob(if_unmodified_since=hour(-1)), {"ConditionNotMet"}, status=412)
    equal(blob.download_blob(if_unmodified_since=hour()).readall(), b"two")
    blob.upload_blob(b"three", overwrite=True, **now)
    equal(blob.download_blob().readall(), b"three")


@check
def headers_metadata_tags_tier():
    of = container()
    blob = of.upload_blob("p", b"data", tags={"stage": "export", "run": "a b+c"}, standard_blob_tier=StandardBlobTier.COOL)
    before = blob.get_blob_properties()
    equal((before.blob_tier, before.tag_count), ("Cool", 2))
    equal(blob.get_blob_tags(), {"stage": "export", "run": "a b+c"})
    all_of_them = ContentSettings(
        content_type="text/x", content_encoding="gzip", content_language="en", content_disposition="attachment", cache_control="no-store"
    )
    blob.set_http_headers(all_of_them)
    blob.set_blob_metadata({"one": "1", "Two": "zwei"})
    blob.set_blob_tags({"only": "this"})
    blob.set_standard_blob_tier("Hot")
    told = blob.get_blob_properties()
    got = told.content_settings
    equal(
        (got.content_type, got.content_encoding, got.content_language, got.content_disposition, got.cache_control),
        ("text/x", "gzip", "en", "attachment", "no-store"),
    )
    equal(({k.lower(): v for k, v in told.metadata.items()}, told.blob_tier, told.etag != before.etag), ({"one": "1", "two": "zwei"}, "Hot", True))
    equal(blob.get_blob_tags(), {"only": "this"})
    blob.set_blob_metadata({})
    equal(blob.get_blob_properties().metadata, {})


@check
def listing():
    of = container()
    names = ["a/1", "a/2", "a/b/3", "c", "d/4"]
    for name in names:
        of.upload_blob(name, name.encode(), metadata={"name": name[-1]}, tags={"n": name[-1]})
    of.get_blob_client("staged").stage_block("AAAA", b"x")
    equal([b.name for b in of.list_blobs()], names)
    equal(list(of.list_blob_names()), names)
    equal([b.name for b in of.list_blobs(name_starts_with="a/")], names[:3])
    equal(sorted(b.name for b in of.walk_blobs()), ["a/", "c", "d/"])
    equal(sorted(b.name for b in of.walk_blobs(name_starts_with="a/", delimiter="/")), ["a/1", "a/2", "a/b/"])
    pages = of.list_blobs(results_per_page=2).by_page()
    equal([[b.name for b in page] for page in pages], [names[:2], names[2:4], names[4:]])
    first = of.list_blobs(results_per_page=2).by_page()
    list(next(first))
    equal([b.name for b in next(of.list_blobs().by_page(first.continuation_token))], names[2:])
    told = list(of.list_blobs(include=["metadata", "tags", "uncommittedblobs"]))
    equal([b.name for b in told], [*names, "staged"])
    equal((told[0].metadata, told[0].tags, told[0].size), ({"name": "1"}, {"n": "1"}, 3))
    equal(bytes(told[0].content_settings.content_md5), hashlib.md5(b"a/1").digest())
    for name in names:
        of.delete_blob(name)
    equal(list(of.list_blobs()), [])
    refused(lambda: of.delete_blob("c"), {"BlobNotFound"}, ResourceNotFoundError, 404)


@check
def unusual_names():
    of = container()
    names = ["with space", "per%cent%20", "plus+and&=?#", "ünïcødé/日本語/🚢", "a//b", "quote'\"<>", "[x]{y}~!$(),;:@"]
    for name in names:
        of.upload_blob(name, name.encode())
        equal(of.download_blob(name).readall().decode(), name)
        equal(blob_sas(of.get_blob_client(name), "r").download_blob().readall().decode(), name)
    equal(sorted(b.name for b in of.list_blobs()), sorted(names))
    told = of.upload_blob("m", b"", metadata={"note": "a=b; c%20"}).get_blob_properties()
    equal(told.metadata, {"note": "a=b; c%20"})


@check
def service_properties_and_account():
    of = service()
    told = of.get_account_information()
    assert told["sku_name"] and told["account_kind"], told
    before = of.get_service_properties()
    assert "cors" in before, before
    of.set_service_properties(cors=[CorsRule(["https://example.org"], ["GET"], max_age_in_seconds=60)])
    equal([r.allowed_origins for r in of.get_service_properties()["cors"]], ["https://example.org"])
    of.set_service_properties(cors=[])


@check
def account_sas_reaches_what_it_says():
    of = container()
    allowed = account_sas("rwdlact")
    inside = allowed.get_container_client(of.container_name)
    inside.upload_blob("x", b"1")
    equal((inside.download_blob("x").readall(), [b.name for b in inside.list_blobs()]), (b"1", ["x"]))
    assert of.container_name in [c.name for c in allowed.list_containers(name_starts_with=of.container_name)]
    inside.delete_blob("x")
    objects = account_sas("rwdlac", "o").get_container_client(of.container_name)
    objects.upload_blob("y", b"2")
    refused(lambda: list(objects.list_blobs()), WANTED["resource type"], status=403)
    reader = account_sas("r").get_container_client(of.container_name)
    refused(lambda: reader.upload_blob("z", b"3"), WANTED["permission"], status=403)
    refused(lambda: list(reader.list_blobs()), WANTED["permission"], status=403)


@check
def sas_refusals():
    of = container()
    blob = of.upload_blob("s", b"secret")
    equal(blob_sas(blob, "r").download_blob().readall(), b"secret")
    equal(blob_sas(blob, "r", start=hour(-1)).download_blob().readall(), b"secret")
    refused(blob_sas(blob, "r", start=hour(-3), expiry=hour(-2)).download_blob, WANTED["expired"], status=403)
    refused(blob_sas(blob, "r", start=hour(1), expiry=hour(2)).download_blob, WANTED["early"], status=403)
    refused(blob_sas(blob, "r", key=OTHER_KEY if OTHER_KEY != SOURCE_KEY else base64.b64encode(b"k" * 64).decode()).download_blob, WANTED["forged"], status=403)
    writer = blob_sas(blob, "w")
    refused(writer.download_blob, WANTED["permission"], status=403)
    refused(writer.delete_blob, WANTED["permission"], status=403)
    refused(lambda: blob_sas(blob, "r").upload_blob(b"x", overwrite=True), WANTED["permission"], status=403)
    create = blob_sas(of.get_blob_client("new"), "c")
    create.upload_blob(b"new")
    elsewhere = blob_sas(blob, "r").url.replace("/s?", "/new?")
    refused(BlobClient.from_blob_url(elsewhere, **OPTIONS).download_blob, WANTED["elsewhere"], status=403)
    refused(lambda: list(container_sas(of, "r").list_blobs()), WANTED["permission"], status=403)
    equal([b.name for b in container_sas(of, "l").list_blobs()], ["new", "s"])
    if TARGET["endpoint"].startswith("http:"):
        refused(blob_sas(blob, "r", protocol="https").download_blob, WANTED["protocol"], status=403)


@check
def create_does_not_overwrite():
    of = container()
    of.upload_blob("here", b"1")
    create = blob_sas(of.get_blob_client("here"), "c")
    codes = {"UnauthorizedBlobOverwrite", *WANTED["permission"]}
    refused(lambda: create.upload_blob(b"2", overwrite=True), codes, status=403)
    equal(of.download_blob("here").readall(), b"1")


@check
def sas_headers_of_the_answer():
    blob = container().upload_blob("h", b"data")
    named = blob_sas(blob, "r", content_disposition="attachment; filename=x.tar", content_type="application/x-tar")
    told = named.download_blob().properties.content_settings
    equal((told.content_type, told.content_disposition), ("application/x-tar", "attachment; filename=x.tar"))


@check
def nobody_without_credentials():
    blob = container().upload_blob("n", b"data")
    nobody = BlobClient.from_blob_url(blob.url, **OPTIONS)
    error = refused(nobody.download_blob, None)
    assert error.status_code in (401, 403, 404, 409), error.status_code
    wrong = {"account_name": SOURCE, "account_key": base64.b64encode(b"k" * 64).decode()}
    forger = BlobServiceClient(account_url(SOURCE), credential=wrong, **OPTIONS)
    refused(lambda: list(forger.list_containers()), WANTED["forged"], status=403)


@lab_only
def what_the_lab_lacks_is_refused_politely():
    of = container()
    blob = of.upload_blob("l", b"data")
    lacking = {
        "snapshot": blob.create_snapshot,
        "lease": lambda: blob.acquire_lease(lease_duration=15),
        "append": lambda: of.get_blob_client("a").create_append_blob(),
        "page": lambda: of.get_blob_client("p").create_page_blob(512),
    }
    for name, call in lacking.items():
        error = refused(call, None)
        assert error.status_code >= 400 and error.error_code, f"{name}: {error.status_code} {error.error_code}"


def main():
    failed = []
    for one in CHECKS:
        began = time.monotonic()
        try:
            one()
        except Exception:  # noqa: BLE001: whatever it was, its name and trace are the report
            traceback.print_exc()
            print(f"FAILED {one.__name__}", flush=True)
            failed.append(one.__name__)
            continue
        print(f"ok {one.__name__}", flush=True)
        print(f"   {one.__name__}: {time.monotonic() - began:.2f} s", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
