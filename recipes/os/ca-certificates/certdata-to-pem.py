"""Writes the certificates of Mozilla's certdata.txt that are trusted for servers as one bundle in PEM.

usage: certdata-to-pem.py CERTDATA BLOCKED BUNDLE FOLDER

A certificate object and its trust object share a label and a serial number; trust for servers is the value
CKT_NSS_TRUSTED_DELEGATOR of CKA_TRUST_SERVER_AUTH. BLOCKED names labels that are left out, one a line.
"""
import base64
import os
import re
import sys


def objects(path):
    """Attributes of each object by name; values given in octal become bytes."""
    current = {}
    octal = None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.strip()
            if octal is not None:
                if line == "END":
                    octal = None
                else:
                    current[octal] += bytes(int(digits, 8) for digits in re.findall(r"\\([0-7]{3})", line))
                continue
            if not line or line.startswith("#"):
                continue
            words = line.split(None, 2)
            if words[0] == "CKA_CLASS" and current:
                yield current
                current = {}
            if len(words) > 1 and words[1] == "MULTILINE_OCTAL":
                octal = words[0]
                current[octal] = b""
            elif len(words) > 2:
                current[words[0]] = words[2].strip('"')
    if current:
        yield current


def main(certdata, blocked, bundle, folder):
    with open(blocked, encoding="utf-8") as lines:
        left_out = {line.strip().strip('"') for line in lines if line.strip() and not line.startswith("#")}
    found = list(objects(certdata))
    trusted = {
        (entry["CKA_LABEL"], entry["CKA_SERIAL_NUMBER"])
        for entry in found
        if entry.get("CKA_CLASS") == "CKO_NSS_TRUST" and entry.get("CKA_TRUST_SERVER_AUTH") == "CKT_NSS_TRUSTED_DELEGATOR"
    }
    chosen = sorted(
        (entry["CKA_LABEL"], entry["CKA_VALUE"])
        for entry in found
        if entry.get("CKA_CLASS") == "CKO_CERTIFICATE"
        and (entry["CKA_LABEL"], entry["CKA_SERIAL_NUMBER"]) in trusted
        and entry["CKA_LABEL"] not in left_out
    )
    if len(chosen) < 100:
        sys.exit(f"only {len(chosen)} trusted certificates: the format of {certdata} must have changed")
    names = set()
    with open(bundle, "w", encoding="ascii") as together:
        for label, value in chosen:
            text = base64.b64encode(value).decode("ascii")
            lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
            pem = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
            together.write(pem)
            name = plain = re.sub(r"[^A-Za-z0-9._-]+", "_", label)
            number = 2
            while name in names:
                name = f"{plain}_{number}"
                number += 1
            names.add(name)
            with open(os.path.join(folder, f"{name}.crt"), "w", encoding="ascii") as alone:
                alone.write(pem)


main(*sys.argv[1:])
