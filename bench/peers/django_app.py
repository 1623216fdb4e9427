"""Django in one file, in its usual shape: models, a view, the ORM."""

import os
from datetime import UTC, datetime

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="bench only, answers on loopback",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_TABLE"],
            "CONN_MAX_AGE": 600,
            "OPTIONS": {
                "timeout": 10,
                "transaction_mode": "IMMEDIATE",  # or its threads deadlock on the log
                "init_command": "PRAGMA synchronous=NORMAL",
            },
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models, transaction  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402
from words import WORDS  # noqa: E402


class Product(models.Model):
    key, fr, bm = models.TextField(unique=True), models.TextField(), models.TextField()

    class Meta:
        app_label, db_table, managed = "bench", "product", False


class Market(models.Model):
    key, name = models.TextField(unique=True), models.TextField()

    class Meta:
        app_label, db_table, managed = "bench", "market", False


class Price(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, db_column="product")
    market = models.ForeignKey(Market, models.CASCADE, db_column="market")
    value, low, high = models.IntegerField(), models.IntegerField(), models.IntegerField()
    fair_on, reporters = models.TextField(), models.IntegerField()

    class Meta:
        app_label, db_table, managed = "bench", "price", False


class Caller(models.Model):
    phone, language = models.TextField(unique=True), models.TextField(default="fr")
    product, market = models.IntegerField(null=True), models.IntegerField(null=True)

    class Meta:
        app_label, db_table, managed = "bench", "caller", False


class Log(models.Model):
    at, session, phone = models.TextField(), models.TextField(), models.TextField()
    text, answer = models.TextField(), models.TextField()

    class Meta:
        app_label, db_table, managed = "bench", "log", False


@csrf_exempt
@require_POST
@transaction.atomic
def ussd(request):
    form = request.POST
    who, _ = Caller.objects.get_or_create(phone=form["phoneNumber"])
    answer = f"CON {screen(who, form['text'])}"
    Log.objects.create(
        at=datetime.now(UTC).isoformat(),
        session=form["sessionId"],
        phone=who.phone,
        text=form["text"],
        answer=answer,
    )
    return HttpResponse(answer, content_type="text/plain")


def screen(who, text):
    keys, say = [each for each in text.split("*") if each], WORDS[who.language]
    if not keys or keys[0] != "1":
        return f"{price_lines(who, who.product, who.market)}\n{say['menu']}"
    if len(keys) == 1:
        rows = Product.objects.order_by("id")[:5]
        listed = "\n".join(f"{row.key} {getattr(row, who.language)}" for row in rows)
        return f"{say['which']}\n{listed}\n{say['back']}"
    return price_at(who, *keys[1:3])


def price_at(who, product_key, market_key=None):
    say = WORDS[who.language]
    product = Product.objects.filter(key=product_key).first()
    market = Market.objects.filter(key=market_key).first() if market_key else None
    if product is None or (market_key and market is None):
        return say["unknown"]
    who.product, who.market = product.id, market.id if market else who.market
    who.save(update_fields=["product", "market"])
    return f"{price_lines(who, who.product, who.market)}\n{say['back']}"


def price_lines(who, product, market):
    found = Price.objects.select_related("product", "market").get(product=product, market=market)
    return (
        f"{getattr(found.product, who.language)}, {found.market.name}\n"
        f"{found.value} F/kg ({found.low}-{found.high})\n"
        f"{found.fair_on}, {found.reporters} {WORDS[who.language]['reports']}"
    )


urlpatterns = [path("ussd", ussd)]
app = get_wsgi_application()
