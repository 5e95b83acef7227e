"""The rules that are measured: the peers' one, the whole product's twenty, and the goods their messages show."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from bench.job import CITIES, TIERS
from bench.publishing import Publisher
from feeds.snapshots import encode, key_of
from schemas.catalogue import Product
from schemas.topics import PRODUCTS

ONE_RULE: Final = """\
rule: quiet-cart
description: What the peers do too, one touch for every hour that a cart was quiet
trigger:
  cart_abandoned: {{idle: {idle}, reenter: each_spell}}
purpose: transactional
steps:
  - sms: "You left goods in your cart"
"""

SHOP: Final = """\
name: Bench
sender: BENCH
currency: EUR
time_zone: Europe/Berlin
language: en
url: https://shop.example/
cart_url: https://shop.example/cart
quiet_hours: {from: "22:00", to: "04:00"}
caps: [2 per 12h, 5 per 7d]
"""

RULE: Final = """\
rule: cart-{number:02}
description: Carts of {tier} customers in {city}
trigger:
  cart_abandoned: {{idle: {idle}m, reenter: per_cart}}
audience: customer.card == "{tier}" and customer.city == "{city}" and cart.total >= {least}
once_per: 7d
priority: {priority}
steps:
  - id: reminder
    sms: |
      {{{{ customer.first_name }}}}, {{{{ cart.lines[0].name | shorten(40) }}}} at {{{{ cart.lines[0].price | money }}}} is still yours: {{{{ cart.lines[0].url }}}}
  - id: discount
    after: {after}m
    when: cart.total >= {large}
    incentive: {{discount: {discount}%, valid: 48h}}
    sms: |
      {{{{ incentive.discount }}}}% off {{{{ cart.lines[0].name | shorten(30) }}}} until {{{{ incentive.valid_until | date("d.MM") }}}}: {{{{ shop.cart_url }}}}
"""  # noqa: E501  # the lines of a message are as long as they are


SALE_SHOP: Final = """\
name: Bench
sender: BENCH
currency: EUR
time_zone: Europe/Berlin
language: en
url: https://shop.example/
cart_url: https://shop.example/cart
caps: [20 per 24h]
"""

SALE_RULE: Final = """\
rule: sale
description: Who has looked at what is on sale
trigger:
  flash_sale: {interests: [viewed]}
steps:
  - sms: "{{ event.name }} until {{ event.ends_at | date('dd.MM HH:mm') }}: {{ product.name | shorten(40) }} for {{ product.price | money }}. {{ product.url }}"
"""  # noqa: E501  # the lines of a message are as long as they are


def one_rule(folder: Path, idle: str = "60m") -> Path:
    """A folder with the peers' rule: no caps, no quiet hours, no consent, plain text."""
    rules = folder / f"rules-{idle}"
    rules.mkdir(exist_ok=True)
    (rules / "quiet-cart.yaml").write_text(ONE_RULE.format(idle=idle))
    return rules


def twenty_rules(folder: Path) -> Path:
    """A shop with quiet hours, two caps and twenty rules; each customer is in the audience of one of them at most."""
    shop = folder / "twenty"
    (shop / "rules").mkdir(parents=True, exist_ok=True)
    (shop / "shop.yaml").write_text(SHOP)
    for number in range(20):
        text = RULE.format(
            number=number, tier=TIERS[number % 4], city=CITIES[number % 5], idle=30 + 3 * number,
            least=800 + 27 * number, large=1600 + 27 * number, after=60 + 2 * number, discount=5 + number % 4,
            priority=50 + number,
        )  # fmt: skip
        (shop / "rules" / f"cart-{number:02}.yaml").write_text(text)
    return shop


def sale_shop(folder: Path, idle: str) -> Path:
    """A shop with the peers' rule and one for sales, and a cap that asks Redis and refuses nobody."""
    shop = folder / "sale"
    (shop / "rules").mkdir(parents=True, exist_ok=True)
    (shop / "shop.yaml").write_text(SALE_SHOP)
    (shop / "rules" / "quiet-cart.yaml").write_text(ONE_RULE.format(idle=idle))
    (shop / "rules" / "sale.yaml").write_text(SALE_RULE)
    return shop


def publish_products(bootstrap: str, products: int, at_ms: int) -> None:
    """Snapshots of the goods the events name."""
    publisher = Publisher(bootstrap)
    for number in range(products):
        identity = f"p{number:05}"
        product = Product(
            shop_id="main", product_id=identity, name=f"Teapot No. {number} of cast iron, 1.2 l",
            price=Decimal(10 + number % 190), currency="EUR", url=f"https://shop.example/p/{number}",
        )  # fmt: skip
        publisher.put(PRODUCTS.name, 0, key_of("main", identity), encode(product, None, "bench", at_ms * 1000))
    publisher.flush()
