# Opens example.json with nothing but Python's hashlib, hmac and cryptography, and prints the
# seed of its identity.
import base64, hashlib, hmac, json, sys
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b32(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def hkdf(secret, salt, info, length):
    prk = hmac.digest(salt, secret, "sha256")
    block, out = b"", b""
    for i in range(1, length // 32 + 1):
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out += block
    return out


def xaes_open(key, sealed, aad):
    def aes(block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    nonce = sealed[:24]
    l = int.from_bytes(aes(bytes(16)), "big")
    k1 = ((l << 1) & (1 << 128) - 1) ^ (0x87 if l >> 127 else 0)
    kx = b""
    for i in (1, 2):
        m = int.from_bytes(bytes([0, i, 0x58, 0]) + nonce[:12], "big") ^ k1
        kx += aes(m.to_bytes(16, "big"))
    return AESGCM(kx).decrypt(nonce[12:], sealed[24:], aad)


raw = open(sys.argv[1], "rb").read().rstrip(b"\n")
slot = json.loads(raw)
head = raw[raw.index(b'"head":') + 7 : raw.index(b',"seed":')]
assert json.loads(head) == slot["head"]
(factor,) = slot["head"]["factors"]
f1 = hashlib.pbkdf2_hmac("sha512", b"correct horse battery staple", b64(factor["salt"]), factor["iterations"], 32)
salt = b32(slot["head"]["vault"]) + b32(slot["head"]["id"])
okm = hkdf(f1, salt, b"kai/vault/v1/slot" + hashlib.sha256(head).digest(), 64)
assert okm[32:] == b64(slot["commit"]), "commit"
print(xaes_open(okm[:32], b64(slot["seed"]), head).hex())
