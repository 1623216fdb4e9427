import pytest
from sqlalchemy import text, Engine
@pytest.mark.parametrize("n", range(20))
def test_probe(engine: Engine, n: int):
    with engine.connect() as c:
        c.execute(text("select 1"))
async def test_async(market_day):
    assert market_day().weekday() == 4
