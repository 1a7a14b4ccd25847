#!/usr/bin/env python3
"""The example of doc.go, made by another program: the bytes of one file of records.

Needs the module cryptography. It follows the text of doc.go and the XAES-256-GCM of C2SP, and shares
no code with the package.
"""
import hashlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def xaes(key, nonce, plain, aad):
    def aes(block):
        e = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        return e.update(block) + e.finalize()

    l = int.from_bytes(aes(bytes(16)), "big")
    k1 = (l << 1) & ((1 << 128) - 1)
    if l >> 127:
        k1 ^= 0x87
    derived = b""
    for i in (1, 2):
        block = int.from_bytes(b"\x00" + bytes([i]) + b"X\x00" + nonce[:12], "big") ^ k1
        derived += aes(block.to_bytes(16, "big"))
    return AESGCM(derived).encrypt(nonce[12:], plain, aad)


vault, ns, dev = b"\1" * 16, b"\2" * 16, b"\3" * 16
generation, first = 1, 1
header = b"KAIVLOG1" + vault + ns + dev + struct.pack("<QQ", generation, first)
out = header
chain = hashlib.sha256(header).digest()


def frame(head, nonce, meta, value):
    global chain, out
    n = 4 + 16 + 24 + 4 + len(meta) + 4 + len(value) + 32
    b = struct.pack("<I", n) + head + nonce + struct.pack("<I", len(meta)) + meta + struct.pack("<I", len(value)) + value
    chain = hashlib.sha256(b"kai/vault/v1/chain" + chain + b).digest()
    out += b + chain


head = struct.pack("<BBHIQ", 1, 0, 0, 1, 1)
nonce = bytes(range(24))


def aad(which):
    return b"kai-vault/1\0" + which + vault + ns + dev + struct.pack("<Q", generation) + head + chain


meta = xaes(b"\4" * 32, nonce, (struct.pack("<I", 4) + b"meta").ljust(192, b"\0"), aad(b"m"))
value = xaes(b"\5" * 32, nonce, (struct.pack("<I", 5) + b"value").ljust(64, b"\0"), aad(b"v") + hashlib.sha256(meta).digest())
frame(head, nonce, meta, value)

ms = 1_800_000_000_000
message = b"kai-vault-checkpoint/1\0" + vault + ns + dev + struct.pack("<QQQ", generation, 2, ms) + chain
signature = Ed25519PrivateKey.from_private_bytes(b"\6" * 32).sign(message)
frame(struct.pack("<BBHIQ", 4, 0, 0, 0, 2), bytes(24), struct.pack("<Q", ms) + signature, b"")

for i in range(0, len(out), 44):
    print("//\t" + out[i : i + 44].hex())
