"""Sugu: market prices by SMS and USSD for the Kita region of Mali. The map of the house.

A floor imports only what lies below it; rooms on one floor are strangers (`pyproject.toml`).

    cli        the key: one function a command
    app        the roof: `create_app` and `build_on`, where the parts meet, once
    api        the door of HTTP: `prompt`, `dial` and `turns` (USSD, raw), `hooks` (carriers), `v1`,
               `open`, `console`, `simulator`
    worker     the door of time: `sender` takes batches to gateways, `clockwork` ticks the jobs
    ussd       a voice: `menu` and `walk` say where one stands, `screens` what fits there
    sms        a voice: `grammar` reads, `intake` keeps, `answers` tells, `outbox` sends,
               `broadcasts` goes to many, `notices` come unasked, `gateways` speak each carrier
    people     who is served: villages, reporters, subscribers and what they agreed to, staff
    prices     the ground: what a price is (`catalog`, `units`, `report`), how it is judged
               (`judge`, `quote`), what it advises (`trip`, `advice`, `waiting`), the `book` that
               answers from memory and the `shelf` that fills it
    below      `db`, `i18n`, `money`, `encoding`, `phone`, `clock`, `settings`, `audit`, `logs`

Tables stand in `tables.py` of their floor. How a price, a dial and a broadcast walk through the
house: `docs/walks.md`. Why it stands as it does: `docs/decisions`.
"""
