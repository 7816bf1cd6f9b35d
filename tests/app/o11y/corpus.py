"""Texts with a secret in each, as they turn up in messages: (text, what must not leave the process)."""

CORPUS = (
    ("GET /orders?card=4111&x=1 HTTP/1.1", "4111&x"),
    ("Authorization: Bearer abcdefgh", "abcdefgh"),
    ("Authorization: Token 9944b09199c62bcf", "9944b"),
    ("sent Bearer abc123def456 along", "abc123def456"),
    ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
    ("redis://:hunter2@erp-redis:6379/0", "hunter2"),
    ("postgres://erp:hunter2@erp-db/erp", "hunter2"),
    ("password=hunter2 and more", "hunter2"),
    ('{"password": "hunter two"}', "hunter two"),
    ("api_key => 'hunter2'", "hunter2"),
    ("card 4111 1111 1111 1111 refused", "1111 1111"),
    ("card 4111-1111-1111-1111", "1111-1111"),
    ("card 378282246310005", "378282246310005"),
    ("IBAN DE89370400440532013000", "DE8937"),
    ("IBAN DE89 3704 0044 0532 0130 00", "0532 0130"),
    ("mail to jane.doe+erp@example.co.uk now", "jane"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJ"),
    # as a repr of it shows it, and cut in its middle
    (r"got \'{\'Authorization\': \'Basic dXNlcjpwYXNz\'}\'", "dXNlcjpwYXNz"),
    (r"ValueError('got \\\'api_key => \\\'hunter2\\\'\\\'')", "hunter2"),
    ("literal: 'redis://:hunter", "hunter"),
    ("literal: 'postgres://erp:hunter", "hunter"),
    ("cut {'password': 'hunter two an", "hunter two"),
)
