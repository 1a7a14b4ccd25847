# Reads a vault by kai-vault(5), with Python's cryptography and a stock age, and prints all secrets as
# JSON: {"NAMESPACE/PATH": {"FIELD": HEX}}. Everything that the page lets a reader check is checked.
#
# usage: vault_reader.py DIR PASSWORD AGE
import base64, hashlib, hmac, json, os, struct, subprocess, sys, tempfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DIR, PASSWORD, AGE = sys.argv[1], sys.argv[2].encode(), sys.argv[3]


def read(*path):
    with open(os.path.join(DIR, *path), "rb") as f:
        return f.read()


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def unid(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def toid(data):
    return base64.b32encode(data).decode().lower().rstrip("=")


def sha256(data):
    return hashlib.sha256(data).digest()


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def hkdf(secret, salt, info, length):
    prk = hmac.digest(salt, secret, "sha256")
    block, out = b"", b""
    for i in range(1, length // 32 + 1):
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out += block
    return out


def hk(k, use, *ctx):
    return hkdf(k, VAULT, b"kai/vault/v1/" + use.encode() + b"\0" + b"\0".join(c.encode() for c in ctx), 32)


def commit(k, ctx):
    return hk(k, "commit", ctx)


def xaes(key, nonce, ciphertext, aad):
    def aes(block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    l = int.from_bytes(aes(bytes(16)), "big")
    k1 = ((l << 1) & (1 << 128) - 1) ^ (0x87 if l >> 127 else 0)
    kx = b""
    for i in (1, 2):
        m = int.from_bytes(bytes([0, i, 0x58, 0]) + nonce[:12], "big") ^ k1
        kx += aes(m.to_bytes(16, "big"))
    return AESGCM(kx).decrypt(nonce[12:], ciphertext, aad)


def unseal(key, sealed, aad):
    return xaes(key, sealed[:24], sealed[24:], aad)


def fields(data):
    out, last = {}, b""
    while data:
        n = data[0]
        name, data = data[1 : 1 + n], data[1 + n :]
        m = struct.unpack("<I", data[:4])[0]
        assert 1 <= n <= 64 and name > last and len(data) >= 4 + m
        out[name.decode()], data, last = data[4 : 4 + m], data[4 + m :], name
    return out


def bech32(prefix, data):
    chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

    def polymod(values):
        c = 1
        for v in values:
            top = c >> 25
            c = (c & 0x1FFFFFF) << 5 ^ v
            for i, g in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
                c ^= g if top >> i & 1 else 0
        return c

    bits = "".join(format(b, "08b") for b in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
    expand = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    mod = polymod(expand + values + [0] * 6) ^ 1
    return prefix + "1" + "".join(chars[v] for v in values + [mod >> 5 * (5 - i) & 31 for i in range(6)])


def age(data, identity):
    with tempfile.NamedTemporaryFile() as f:
        f.write(identity.encode())
        f.flush()
        return subprocess.run([AGE, "-d", "-i", f.name], input=data, stdout=subprocess.PIPE, check=True).stdout


def recipient(identity):
    keygen = os.path.join(os.path.dirname(AGE), "age-keygen")
    return subprocess.run([keygen, "-y"], input=identity.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def unwrap(data, identity, key, **place):
    f = fields(age(data, identity))
    assert f.keys() == place.keys() | {key}, f.keys()
    for name, value in place.items():
        assert f[name] == value, name
    return f[key]


def verify(key, signature, message):
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


def listed(digest, *path):
    data = read(*path)
    assert sha256(data) == b64(digest), path
    return data


def short(digest):
    return b64(digest)[:8].hex()


def document(kind, id, digest):
    return json.loads(listed(digest, kind, f"{id}-{short(digest)}.json"))


# vault.json
root = json.loads(read("vault.json"))
assert root.keys() == {"root", "suite", "v", "vault"} and root["v"] == 1 and root["suite"] == "xaes256gcm-hkdfsha256"
VAULT, OWNER = unid(root["vault"]), b64(root["root"])

# Manifests: one head.
manifests = {}
for name in os.listdir(os.path.join(DIR, "admin")):
    raw = read("admin", name)
    m = json.loads(raw)
    body = raw[len(b'{"body":') : raw.index(b',"mac":"')]
    assert json.loads(body) == m["body"]
    m["raw"], b = body, m["body"]
    assert name == "%010d-%s.json" % (b["rev"], sha256(raw)[:8].hex()) and b["vault"] == root["vault"]
    for i, e in enumerate(b["epochs"]):
        assert e["e"] == i + 1
        if i == 0:
            assert b64(e["owner"]) == OWNER
        else:
            message = b"kai-vault-epoch/1\0" + VAULT + u32(e["e"]) + b64(e["owner"]) + b64(e["commit"])
            verify(b64(b["epochs"][i - 1]["owner"]), b64(e["link"]), message)
    verify(b64(b["epochs"][-1]["owner"]), b64(m["sig"]), b"kai-vault-manifest/1\0" + body)
    manifests[sha256(raw)] = m
followed = {b64(p) for m in manifests.values() for p in m["body"].get("parents", [])}
(head,) = [m for digest, m in manifests.items() if digest not in followed]
manifest = head["body"]
last = manifest["epochs"][-1]


# A slot, by its password.
def open_slot(id, digest):
    raw = listed(digest, "slots", f"{id}-{short(digest)}.json")
    slot = json.loads(raw)
    text = raw[raw.index(b'"head":') + 7 : raw.index(b',"seed":')]
    head = json.loads(text)
    assert head == slot["head"] and head["vault"] == root["vault"] and head["root"] == root["root"] and head["id"] == id
    if [f["type"] for f in head["factors"]] != ["password"]:
        return None
    f = head["factors"][0]
    assert f["kdf"] == "pbkdf2-hmac-sha512" and f["iterations"] >= 200_000
    f1 = hashlib.pbkdf2_hmac("sha512", PASSWORD, b64(f["salt"]), f["iterations"], 32)
    okm = hkdf(f1, VAULT + unid(id), b"kai/vault/v1/slot" + sha256(text), 64)
    if okm[32:] != b64(slot["commit"]):
        return None
    identity = bech32("age-secret-key-pq-", unseal(okm[:32], b64(slot["seed"]), text)).upper()
    assert recipient(identity) == head["recipient"]
    return identity


for slot, digest in manifest["slots"].items():
    identity = open_slot(slot, digest)
    if identity:
        break
place = dict(epoch=u32(last["e"]), vault=VAULT, slot=unid(slot))
vrk = unwrap(read("slots", f"{slot}.{last['e']}.vrk"), identity, "vrk", **place)
assert commit(vrk, "vrk") == b64(last["commit"])
owner = Ed25519PrivateKey.from_private_bytes(hk(vrk, "owner")).public_key()
assert owner.public_bytes(Encoding.Raw, PublicFormat.Raw) == b64(last["owner"])
assert hmac.digest(hk(vrk, "mac"), b"kai-vault-manifest/1\0" + head["raw"], "sha256") == b64(head["mac"])
user = unwrap(read("slots", f"{slot}.{last['e']}.usr"), identity, "user", **place).decode()
assert recipient(user) == last["user"]
rcpt = toid(sha256(last["user"].encode())[:16])
roots = {last["e"]: vrk}
for e in reversed(manifest["epochs"][1:]):
    roots[e["e"] - 1] = unseal(hk(roots[e["e"]], "prev"), b64(e["prev"]), b"prev\0" + VAULT)
    assert commit(roots[e["e"] - 1], "vrk") == b64(manifest["epochs"][e["e"] - 2]["commit"])

devices = {id: document("devices", id, digest) for id, digest in manifest["devices"].items()}


def padme(n):
    n += 4
    if n <= 64:
        return 64
    e = n.bit_length() - 1
    s = e.bit_length()
    mask = (1 << e - s) - 1
    return n + mask & ~mask


def unpad(data, padded):
    n = struct.unpack("<I", data[:4])[0]
    assert not any(data[4 + n :]) and len(data) == padded(n)
    return data[4 : 4 + n]


# Records of a namespace that count, as (type, device, sequence, meta, value opener).
def records(nsid, ns, nsk, policy):
    files = {}
    for name in os.listdir(os.path.join(DIR, "ns", nsid)):
        if name.endswith(".vlog"):
            dev, gen, first, _ = name.split(".")
            assert devices[dev]["holder"] == "owner"
            files.setdefault(dev, {}).setdefault(int(gen), []).append((int(first), name))
    for dev, generations in files.items():
        gen = max(generations)
        expected = None
        for first, name in sorted(generations[gen]):
            data = read("ns", nsid, name)
            header = b"KAIVLOG1" + VAULT + ns + unid(dev) + u64(gen) + u64(first)
            assert data[:72] == header and expected in (None, first)
            sequence, chain, at, pending = first, sha256(header), 72, []
            while at < len(data):
                size, kind, flags, zero, epoch, number = struct.unpack("<IBBHIQ", data[at : at + 20])
                frame = data[at : at + size]
                nonce, body, after = frame[20:44], frame[44:-32], frame[-32:]
                n = struct.unpack("<I", body[:4])[0]
                meta, body = body[4 : 4 + n], body[4 + n :]
                n = struct.unpack("<I", body[:4])[0]
                value = body[4:]
                assert n == len(value) and number == sequence and zero == 0 and flags in (0, 1)
                assert after == sha256(b"kai/vault/v1/chain" + chain + frame[:-32])
                place = VAULT + ns + unid(dev) + u64(gen)
                if kind == 4:
                    message = b"kai-vault-checkpoint/1\0" + place + u64(number) + meta[:8] + chain
                    verify(b64(devices[dev]["pub"]), meta[8:], message)
                    yield from pending
                    pending = []
                elif kind != 5:
                    rest = place + frame[4:20] + chain
                    key = nsk[epoch]
                    text = unpad(
                        xaes(hk(key, "meta"), nonce, meta, b"kai-vault/1\0m" + rest), lambda n: max(192, (4 + n + 63) // 64 * 64)
                    )
                    m = json.loads(text)

                    def opened(m=m, key=key, nonce=nonce, value=value, rest=rest + sha256(meta), flags=flags, epoch=epoch):
                        scope = [m["kind"]] + [m["scope"].get(part, "") for part in ("module", "service", "agent")]
                        data = unpad(xaes(hk(key, "value", *scope), nonce, value, b"kai-vault/1\0v" + rest), padme)
                        assert (m["kind"] == "credentials") == (flags == 1)
                        if flags:
                            e = policy["epochs"][epoch - 1]
                            file = listed(e["wraps"][rcpt + ".csk"], "ns", nsid, str(epoch), rcpt + ".csk")
                            csk = unwrap(file, user, "csk", epoch=u32(epoch), vault=VAULT, ns=ns)
                            assert commit(csk, "csk") == b64(e["ccommit"])
                            data = unseal(hk(csk, "cred"), data, ns + sha256(m["path"].encode()) + m["hlc"].encode())
                        return fields(data)

                    pending.append((kind, dev, number, m, opened))
                sequence, chain, at = sequence + 1, after, at + size
            assert not pending
            expected = sequence


out = {}
for nsid, digest in manifest["ns"].items():
    ns = unid(nsid)
    policy = json.loads(listed(digest, "ns", nsid, f"policy-{short(digest)}.json"))
    assert policy["nsid"] == nsid
    nsk = {}
    for e in policy["epochs"]:
        file = listed(e["wraps"]["vrk.nsk"], "ns", nsid, str(e["e"]), "vrk.nsk")
        assert file[:4] == u32(e["root"])
        key = hk(roots[e["root"]], "nsk", nsid)
        nsk[e["e"]] = unseal(key, file[4:], b"nsk\0" + VAULT + ns + u32(e["e"]))
        assert commit(nsk[e["e"]], "nsk") == b64(e["commit"])
    name = unseal(hk(nsk[len(nsk)], "name"), b64(policy["name_ct"]), b"name\0" + VAULT + ns).decode()
    everything = list(records(nsid, ns, nsk, policy))
    replaced = {p for kind, _, _, m, _ in everything if kind != 3 for p in m.get("parents", [])}
    heads = {}
    for kind, dev, number, m, opened in everything:
        if kind != 3 and m.get("was", f"{dev}:{number}") not in replaced:
            heads.setdefault(m["path"], []).append((kind == 1, m["hlc"], unid(dev), m, opened))
    for path, list_ in heads.items():
        put, _, _, m, opened = max(list_, key=lambda h: h[:3])
        if put:
            out[name + "/" + path] = {field: value.hex() for field, value in opened().items()}
            assert sorted(out[name + "/" + path]) == sorted(m["fields"])
print(json.dumps(out, sort_keys=True))
