"""Files in and out: good lines go in, wrong ones are named; nothing that leaves can run."""

import io
import zipfile

import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from service.api import sheets
from service.api.sheets import FORMULA, Sheet, safe
from tests.api.office import Office, code, reporter, subscriber

API = "/api/v1"
REPORTERS = """Téléphone;Nom;Marché;Coopérative;Langue
+22370000001;Awa K.;KITA;demo;fr
12;Personne;KITA;demo;fr
70 00 00 02;Moussa D.;NULLEPART;demo;fr
70 00 00 03;Sira T.;KITA;demo;bm
"""


def test_good_lines_go_in_and_the_two_wrong_ones_are_named(office: Office):
    said = office.operator.post(f"{API}/reporters/import", content=REPORTERS.encode())
    assert said.status_code == 200, said.text
    done = said.json()
    assert (done["lines"], done["created"], done["changed"]) == (4, 2, 0)
    assert [(e["line"], e["field"], e["code"]) for e in done["errors"]] == [
        (3, "phone", "phone"), (4, "market", "unknown_code"),
    ]  # fmt: skip
    assert len(office.viewer.get(f"{API}/reporters").json()["items"]) == 2


def test_a_dry_run_says_the_same_and_keeps_nothing(office: Office):
    dry = office.operator.post(
        f"{API}/reporters/import?dry_run=1", content=REPORTERS.encode()
    ).json()
    real = office.operator.post(f"{API}/reporters/import", content=REPORTERS.encode()).json()
    assert (dry | {"dry_run": False}) == real
    assert dry["dry_run"] is True
    assert len(office.viewer.get(f"{API}/reporters").json()["items"]) == 2


def test_a_dry_run_leaves_no_trace(office: Office):
    office.operator.post(f"{API}/reporters/import?dry_run=1", content=REPORTERS.encode())
    assert office.viewer.get(f"{API}/reporters").json()["items"] == []
    assert office.viewer.get(f"{API}/cooperatives").json()["items"] == []
    assert office.admin.get(f"{API}/audit").json()["items"] == []


def test_importing_twice_changes_nothing_the_second_time(office: Office):
    office.operator.post(f"{API}/reporters/import", content=REPORTERS.encode())
    again = office.operator.post(f"{API}/reporters/import", content=REPORTERS.encode()).json()
    assert (again["created"], again["changed"]) == (0, 0)


def test_a_form_with_a_file_is_read_like_the_file_itself(desk: Office):
    files = {"file": ("r.csv", REPORTERS.encode("cp1252"), "text/csv")}
    said = desk.operator.post(f"{API}/reporters/import", files=files)
    assert said.json()["created"] == 2


def test_a_workbook_is_read_like_a_csv(desk: Office):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["phone", "language", "village", "sex", "consent_how", "consent_ref"])
        page.write_row(1, 0, [76000001, "bm", "KITA-DEMO", "f", "paper", "F-12"])
        page.write_row(2, 0, ["+223 76 00 00 02", "fr", "NULLEPART", "m", "paper", "F-13"])
    done = desk.operator.post(f"{API}/subscribers/import", content=out.getvalue()).json()
    assert done["created"] == 1
    assert [(e["line"], e["code"]) for e in done["errors"]] == [(3, "unknown_code")]
    mine = desk.operator.get(f"{API}/subscribers").json()["items"][0]
    assert (mine["phone"], mine["consented"]) == ("+22376000001", True)


def test_every_reference_table_can_be_imported(office: Office):
    files = {
        "products": "code,chain,family,name_fr,name_bm\nVOA,bambara groundnut,pulse,Voandzou,Tiganikuru\n",
        "markets": "code,name,commune,fair_days\nSIRAKORO,Sirakoro,Kita,sat sun\n",
        "units": "code,name_fr,measure\nPANIER,panier,vessel\n",
        "villages": "code,name,commune,market,menages\nSANSANDO,Sansando,Kita,KITA,40\n",
        "cooperatives": "code,nom\ndjidian-1,Djidian\n",
        "weighings": "unite,produit,marche,poids,pese_le\nSAC,ARA,KITA,42.5,2026-11-13\n",
        "routes": "village,market,mode,per_kg,per_trip,as_of\nKITA-DEMO,KAYES,camion,35,12000,2026-11-01\n",
    }
    for name, text in files.items():
        done = office.operator.post(f"{API}/{name}/import", content=text.encode()).json()
        assert (done["created"], done["errors"]) == (1, []), name
        again = office.operator.post(f"{API}/{name}/import", content=text.encode()).json()
        assert (again["created"], again["changed"], again["errors"]) == (0, 0, []), name
    assert office.state.book().catalog.markets["SIRAKORO"].fair_days == {5, 6}


def test_prices_of_another_survey_are_kept_apart_and_labelled(office: Office):
    text = (
        "date,admin1,market,commodity,unit,pricetype,currency,price\n"
        "#date,#adm1,#loc,#item,#item,#item,#currency,#value\n"
        "2020-01-15,Kayes,Kita (R),Maize,KG,Wholesale,XOF,150\n"
        "2020-01-15,Kayes,Kita,Arachide coque,100 KG,Wholesale,XOF,17500\n"
        "2020-01-15,Kayes,Kita,Moon cheese,KG,Wholesale,XOF,9\n"
        "2020-01-15,Kayes,Kita,Millet,Bowl,Wholesale,XOF,9\n"
    )
    done = office.operator.post(f"{API}/prices/import?source=WFP", content=text.encode()).json()
    assert [(e["line"], e["field"]) for e in done["errors"]] == [(5, "commodity"), (6, "unit")]
    assert done["created"] == 2
    kept = office.viewer.get(f"{API}/prices?product=ARA&limit=500").json()["items"]
    mine = [each for each in kept if each["source"] == "WFP"]
    assert [(e["month"], e["market"], e["price"]) for e in mine] == [("2020-01-01", "KITA", 175.0)]
    assert office.viewer.get(f"{API}/reports").json()["items"] == []


def test_a_file_without_lines_or_of_another_kind_is_a_problem(desk: Office):
    for body in (b"", b"phone,name\n", b"PK\x03\x04 not a workbook", b"\xff\xd8\xff\x00"):
        said = desk.operator.post(f"{API}/reporters/import", content=body)
        assert (said.status_code, code(said)) == (415, "unknown_format")


def test_every_table_leaves_as_csv_and_as_a_workbook(office: Office):
    one = reporter(office, "+22370000001", name="=1+1")
    subscriber(office, "+22376000001")
    office.report(one, "ARA", 225)
    for name in ("reports", "quotes", "prices", "deliveries", "subscribers", "reporters",
                 "routes", "weighings", "silence", "gaps"):  # fmt: skip
        text = office.viewer.get(f"{API}/exports/{name}.csv")
        assert text.status_code == 200, text.text
        book = office.viewer.get(f"{API}/exports/{name}.xlsx")
        assert zipfile.is_zipfile(io.BytesIO(book.content))
        rows = (
            CalamineWorkbook.from_filelike(io.BytesIO(book.content))
            .get_sheet_by_index(0)
            .to_python()
        )
        assert ",".join(str(cell) for cell in rows[0]) == text.text.partition("\r\n")[0]
        assert "70000001" not in text.text
        assert "76000001" not in text.text
    assert code(office.viewer.get(f"{API}/exports/secrets.csv")) == "not_found"
    assert code(office.viewer.get(f"{API}/exports/reports.pdf")) == "not_found"


def test_a_phone_leaves_masked_and_without_its_plus(office: Office):
    reporter(office, "+22370000001", name="=HYPERLINK(1)")
    text = office.operator.get(f"{API}/exports/reporters.csv").text
    assert "223****0001" in text
    assert "+223" not in text
    assert "'=HYPERLINK(1)" in text


def test_prices_leave_in_the_columns_of_hdx(office: Office):
    one = reporter(office, "+22370000001")
    office.report(one, "ARA", 225)
    head, row = office.viewer.get(f"{API}/exports/prices.csv").text.splitlines()[:2]
    assert head.startswith(
        "date,admin1,admin2,market,market_id,latitude,longitude,category,commodity,commodity_id,"
        "unit,priceflag,pricetype,currency,price,usdprice,n,n_eff,p25,p75,grade,form,unit_kg,method_version"
    )
    assert dict(zip(head.split(","), row.split(","), strict=True)) | {
        "date": "2026-11-20", "market_id": "KITA", "commodity_id": "ARA", "unit": "KG",
        "priceflag": "actual", "pricetype": "Producer", "currency": "XOF", "price": "225",
        "usdprice": "", "n": "1", "unit_kg": "1",
    } == dict(zip(head.split(","), row.split(","), strict=True))  # fmt: skip


def test_a_file_for_a_french_spreadsheet_has_its_mark_and_semicolons(desk: Office):
    said = desk.viewer.get(f"{API}/exports/gaps.csv?separator=;&bom=1")
    assert said.content.startswith(b"\xef\xbb\xbfweek;village;")


HOSTILE = [
    f"{sign}{attack}{number}"
    for number, (sign, attack) in enumerate(
        (sign, attack)
        for sign in (*FORMULA, "'=", "''+", '"=', ",=", ";-", " =")
        for attack in (
            "1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x","y")', "SUM(A1:A9)", "1;2", "a,b",
            'WEBSERVICE("http://x")', "IMPORTXML(1)", "2+5+cmd|x", "@SUM(1)", '"quoted"', "'",
            "\u202e=1", "ɲɛ ɔ", "\n=1+1", "00223", "1e5", "TRUE", "12/11/2026", "#REF!",
            "{=1}", "<f>1</f>", "&amp;", "%0A=1", "--1", "++1", "=-1", "`id`", "$(id)", "../x",
            "\u00a0=1", "|calc", "x\t=1", "DDE(1)", "1\r\n=2", "null", "NaN", "-0", "9" * 40,
            "\u200b=1", "é=1", "* =1", "?", "~", "^1", "[x]", "(1)", "!A1", "R1C1", "A1", "Sheet!A1",
            "=" * 20, "+" * 20, "@" * 20, "-" * 20, "x" * 200, "0x1F", "1,5", "١٢٣", "fin",
        )
    )
][:1000]  # fmt: skip


def test_a_thousand_hostile_cells_leave_dead_and_come_back_the_same():
    """In CSV no cell begins as a formula does; in a workbook every cell is a text; and what is
    read again is what was there, but for the blanks around it."""
    assert len(HOSTILE) == 1000
    table = Sheet("t", ["phone", "name"], [[str(n), cell] for n, cell in enumerate(HOSTILE)])
    text, book = sheets.to_csv(table), sheets.to_xlsx(table)
    import csv

    rows = list(csv.reader(io.StringIO(text.decode(), newline="")))[1:]
    assert [cell for _, cell in rows if cell.startswith(FORMULA)] == []
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        pages = [parts.read(name) for name in parts.namelist() if "worksheets/sheet" in name]
    assert all(b"<f" not in page for page in pages)
    for file in (text, book):
        again = {line.cells["phone"]: line.cells.get("name", "") for line in sheets.read(file)}
        lost = [
            cell for n, cell in enumerate(HOSTILE) if again[str(n)] != cell.rstrip().lstrip(" ")
        ]
        assert lost == []


@given(st.text(max_size=20))
def test_no_cell_can_run(text: str):
    for cell in (text, *(sign + text for sign in FORMULA)):
        assert not str(safe(cell)).startswith(FORMULA)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_cells_come_back_as_they_were_written(cells: list[str]):
    import csv

    body = sheets.to_csv(Sheet("t", [f"c{n}" for n in range(len(cells))], [cells]))
    _, row = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert [cell.removeprefix("'") if cell.startswith("'") else cell for cell in row] == [
        cell.removeprefix("'") if cell.startswith("'") else cell for cell in cells
    ]
