"""Access tokens, good and bad, made with nothing but the standard library."""

import base64
import hashlib
import hmac
import json
import os
import time

KEY = os.environ["LIVEKIT_API_KEY"]
SECRET = os.environ["LIVEKIT_API_SECRET"]


def token(identity: str, room: str, *, algorithm: str = "HS256", secret: str = SECRET, **claims: object) -> str:
    """A token that lets `identity` into `room`; `claims` replace the usual ones, or remove them with `None`."""
    now = int(time.time())
    usual = {
        "iss": KEY,
        "sub": identity,
        "nbf": now,
        "exp": now + 600,
        "name": identity.title(),
        "video": {"room": room, "roomJoin": True, "canUpdateOwnMetadata": True},
    }
    payload = {name: value for name, value in (usual | claims).items() if value is not None}
    signed = f"{_encode({'alg': algorithm, 'typ': 'JWT'})}.{_encode(payload)}"
    signature = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256) if algorithm == "HS256" else b""
    return f"{signed}.{_base64(signature)}"


def _encode(value: object) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
