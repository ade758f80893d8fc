"""Variables as Lambda functions have them: credentials of many kinds, and what only looks like them.

Credentials are put together when they are used, so that no scanner takes this file for a leak; all are made up.
"""

from __future__ import annotations

import base64
import json

_PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEAyv3kPd0sQm7\n-----END RSA PRIVATE KEY-----"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CREDENTIALS: dict[str, str] = {
    "BACKUP_ID": "AKIA" + "QWERTYUIOPASDFGH",
    "BACKUP_PAIR": "wJalrXUtnFEMI" + "/K7MDENG/bPxRfiCYzQ9vT2LmXsKd",
    "GH_ACCESS": "ghp_" + "x8Kd02LmQpZ7vRt5YwBn4HcJ6sFg1AeU3iOd",
    "DEPLOY": "github_pat_" + "11ABCDE0Y0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789",
    "CHAT": "xoxb-" + "2147483647-2147483648-AbCdEfGhIjKlMnOpQrSt",
    "ALERTS": "https://hooks.slack.com/" + "services/T0A1B2C3D/B0E1F2G3H/x8Kd02LmQpZ7vRt5YwBn4HcJ",
    "PAY": "sk_live_" + "51Habcdefghijklmnopqrstuv",
    "MAPS": "AIza" + "SyD4x8Kd02LmQpZ7vRt5YwBn4HcJ6sFg1Ae",
    "MAIL": "SG." + "x8Kd02LmQpZ7vRt5YwBn4H" + "." + "cJ6sFg1AeU3iOdx8Kd02LmQpZ7vRt5YwBn4HcJ6sFg1",
    "SIGNER": _PEM,
    "SIGNER_B64": _b64(_PEM),
    "SESSION": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "DATABASE_URL": "postgres://orders:" + "s3cr3t-Tulip@db.internal:5432/orders",
    "CACHE": "redis://:" + "Fj39dk2lsQ@cache.internal:6379/0",
    "SQL": "Server=tcp:db.internal,1433;Database=orders;User ID=app;" + "Password=Blue.Giraffe7;Encrypt=true",
    "BLOBS": "DefaultEndpointsProtocol=https;AccountName=logs;Account" + "Key=x8Kd02LmQpZ7vRt5YwBn4HcJ6sFg1AeU3i==",
    "DB_PASSWORD": "correct horse battery",
    "clientSecret": "0f8fad5b-d9cb-469f-a165-" + "70867728950e",
    "DATADOG_API_KEY": "d41d8cd98f00b204" + "e9800998ecf8427e",
    "SETTINGS": json.dumps({"host": "db.internal", "password": "Blue." + "Giraffe7"}),
}
"""Each of these is to be found."""

HARMLESS: dict[str, str] = {
    "COMMIT": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "CONTENT_SHA256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "CONFIG_MD5": "d41d8cd98f00b204e9800998ecf8427e",
    "TENANT": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "TABLE_ARN": "arn:aws:dynamodb:eu-west-1:222222222222:table/OrdersTable-1K8Q2ZJ4M0XYZ",
    "DB_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:222222222222:secret:orders/db-x8Kd02",
    "SECRET_NAME": "prod/orders/database",
    "DB_PASSWORD_PARAMETER": "/prod/orders/db-password",
    "API_URL": "https://api.example.com/v2/orders/8f14e45fceea167a5a36dedd4bea2543?expand=lines",
    "TOKEN_URL": "https://login.example.com/oauth2/default/v1/token",
    "OWNER": "payments-team+alerts@example.com",
    "IMAGE": "222222222222.dkr.ecr.eu-west-1.amazonaws.com/orders@sha256:"
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "ROUTES": _b64(json.dumps({"orders": "https://orders.internal/v2", "retries": 3, "regions": ["eu-west-1"]})),
    "FEATURES": "new-checkout=on,darkMode=off,BetaPricing2026=on",
    "LOG_LEVEL": "DEBUG",
    "TOKEN_TTL_SECONDS": "3600",
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/222222222222/OrdersQueue-1K8Q2ZJ4M0XYZ",
    "USER_POOL": "eu-west-1_Ab12Cd34E",
    "AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument",
    "CONNECTION": "postgres://orders:${DB_PASSWORD}@db.internal:5432/orders",
}
"""None of these is."""
