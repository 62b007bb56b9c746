from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output
from playwright.sync_api import sync_playwright

from coursework import collect, feedback, prose
from coursework.course import Course
from coursework.report import Note
from tests.coursework.courses import ASSIGNMENT, Submission, data, released
from tests.site import browser

ATTACK = """<script>document.title = "run"</script><img src=x onerror="document.title='run'">
<a href="javascript:document.title='run'">a</a> [b](javascript:document.title='run') [c](JaVaScRiPt&#58;alert)
![d](https://example.org/track.png) $\\href{javascript:alert(1)}{x}$ <svg onload="document.title='run'"></svg>"""


@pytest.fixture
def course(tmp_path) -> Course:
    return released(tmp_path)


def page(course: Course, submission: Submission) -> BeautifulSoup:
    submission.graded(course)
    (path,) = feedback.generate(course, ASSIGNMENT)
    assert path == course.root / "feedback" / submission.student / ASSIGNMENT / f"{ASSIGNMENT}.html"
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


def texts(soup: BeautifulSoup, selector: str) -> list[str]:
    return [" ".join(found.get_text(" ").split()) for found in soup.select(selector)]


def test_a_page_holds_points_messages_and_comments(course):
    with course.gradebook() as gradebook:
        submission = Submission(
            "anna", name="Anna Li", stamp="2027-03-01 14:05:00 UTC", notes=[Note("slope stood 2 times")]
        )
        submission.graded(course)
        for task, comment in (("choice", "Well **argued**."), ("slope", "Neat.")):
            gradebook.find_comment(task, ASSIGNMENT, ASSIGNMENT, "anna").manual_comment = comment
        grade = gradebook.find_grade("choice", ASSIGNMENT, ASSIGNMENT, "anna")
        grade.manual_score, grade.needs_manual_grade = 4.5, False
        gradebook.db.commit()
    (path,) = feedback.generate(course, ASSIGNMENT)
    soup = BeautifulSoup(path.read_text("utf8"), "html.parser")
    assert soup.html["lang"] == "en"
    assert texts(soup, "h1, .total, .name") == ["Anna Li", "Assignment: losses", "Points: 6.5 of 10"]
    assert texts(soup, "nav a") == ["1. Slope", "2. Choice"]
    assert texts(soup, "nav td") == ["Points: 2 of 5", "Points: 4.5 of 5"]
    assert texts(soup, ".passed .message") == ["slope_value: all as expected."]
    assert texts(soup, ".not-passed") == ["Points: 0 of 3 slope([1, 2]) returned [1, 2]; expected [2, 4]."]
    assert texts(soup, "aside") == ["Comment Neat.", "Comment Well argued ."]
    assert texts(soup, ".notes li") == ["slope stood 2 times"]
    assert "Handed in late by 2 h 5 min." in texts(soup, "header p")
    assert "MAE, for" in soup.select_one(".answer").get_text()
    assert "def slope" in soup.select_one(".highlight").get_text()


def test_what_needs_marks_has_points_so_far(course):
    soup = page(course, Submission("anna"))
    assert texts(soup, ".total") == ["Points so far: 2 of 10"]
    assert any("answers are still to be marked" in text for text in texts(soup, "header p"))
    assert texts(soup, ".answer .points") == ["Still to be marked; points: 5"]


def test_a_failed_submission_has_a_page_with_the_reason(course):
    soup = page(course, Submission("anna", language="ru", reason="no readable notebook: <b>JSON"))
    assert soup.html["lang"] == "ru"
    assert soup.select_one(".failed")
    assert "<b>JSON" in soup.get_text()
    assert texts(soup, "h1") == ["Assignment: losses"]
    assert not soup.select("nav, .total, main section")


def test_a_page_holds_no_check_and_no_traceback(course):
    text = str(
        page(
            course, Submission("anna", outputs=[new_output("error", ename="E", evalue="v", traceback=["t"])])
        )
    )
    assert "check(" not in text
    assert "a secret line" not in text


def test_a_page_speaks_the_students_language(course, monkeypatch):
    words = {
        "Points so far: {score} of {max}": "{score} из {max}",
        "{cell} stood {n} times": "{cell} повторяется {n} раза",
    }
    monkeypatch.setattr("losslib.locales.catalogue", lambda language: words if language == "ru" else {})
    soup = page(
        course,
        Submission(
            "anna", language="ru", notes=[Note("{cell} stood {n} times", cell="slope", n=2)], value=1.5
        ),
    )
    assert texts(soup, ".total") == ["1,5 из 10"]
    assert texts(soup, ".notes li") == ["slope повторяется 2 раза"]


def test_formulas_are_mathml_and_broken_ones_stay_tex(course):
    soup = page(course, Submission("anna", prose="$x^2$ and $$\\frac{1}{2}$$ and $\\frac{1}$ and `$y$`"))
    answer = soup.select_one(".answer")
    assert len(answer.select("math")) == 2
    assert "\\frac{1}" in texts(soup, ".answer code")
    assert "$y$" in texts(soup, ".answer code")


def test_without_katex_formulas_are_readable_tex(monkeypatch):
    monkeypatch.setattr(prose, "KATEX", Path("nowhere"))
    assert prose.markdown("a $x < y$") == '<p>a <span class="math"><code>x &lt; y</code></span></p>\n'


def test_outputs_are_shown_without_what_acts(course):
    shown = [
        new_output("stream", text="\x1b[31mred\x1b[0m " + "x" * 10_000),
        new_output("display_data", {"image/png": "aGk=", "text/plain": "<Figure>"}),
        new_output("display_data", {"text/html": "<script>1</script>", "text/plain": "instead"}),
        new_output("display_data", {"application/javascript": "1", "text/plain": "nor this"}),
    ]
    soup = page(course, Submission("anna", outputs=shown))
    assert soup.select_one("pre.output").get_text().startswith("red xx")
    assert len(soup.select_one("pre.output").get_text()) < 5_000
    assert soup.select_one("img.output")["src"] == "data:image/png;base64,aGk="
    assert texts(soup, "pre.output")[1:] == ["instead", "nor this"]


def test_a_page_of_a_replaced_submission_is_removed(course):
    submission = Submission("anna")
    page(course, submission)
    Submission("anna", stamp="2027-03-01 11:00:00 UTC").handed_in(course)
    assert feedback.generate(course, ASSIGNMENT) == []
    assert not list(course.root.glob("feedback/**/*.html"))


def test_one_that_cannot_be_converted_stops_no_other(course, capsys):
    Submission("anna").graded(course)
    Submission("bo").graded(course)
    (course.root / "autograded" / "anna" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text("{")
    assert [path.parent.parent.name for path in feedback.generate(course, ASSIGNMENT)] == ["bo"]
    assert "anna: no page could be written" in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["Анна Ли_11_assignsubmission_file_", "Анна Ли_11_assignsubmission_file"])
def test_the_package_has_moodles_folders(course, tmp_path, folder):
    source = tmp_path / "came"
    for name in (folder, "dana"):
        (source / name).mkdir(parents=True)
        (source / name / "hw.ipynb").write_bytes(data())
    collect.collect(course, ASSIGNMENT, source)
    for student in ("11", "dana"):
        stamp = course.submitted(student, ASSIGNMENT).with_name("timestamp.txt").read_text()
        Submission(student, stamp=stamp, reason="the kernel ended").graded(course)
    feedback.generate(course, ASSIGNMENT)
    with zipfile.ZipFile(feedback.package(course, ASSIGNMENT)) as archive:
        assert archive.namelist() == [f"{folder}/losses.html", "dana/losses.html"]


@pytest.mark.skipif(not browser.find(), reason="no browser")
def test_in_a_browser_nothing_runs_nothing_is_fetched_and_it_fits(course):
    html = [new_output("display_data", {"text/html": ATTACK, "text/plain": ATTACK})]
    submission = Submission(
        "anna",
        name=ATTACK,
        prose=f"{ATTACK}\n\n$$x = {'+ y' * 80}$$",
        code=f"# {ATTACK!r}",
        message=ATTACK,
        outputs=html,
    )
    page(course, submission)
    path = course.root / "feedback" / "anna" / ASSIGNMENT / f"{ASSIGNMENT}.html"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=browser.ARGUMENTS)
        for width in (390, 1200):
            tab = chromium.new_page(viewport={"width": width, "height": 800})
            asked, said = [], []
            tab.on("request", lambda request, asked=asked: asked.append(request.url))
            tab.on("console", lambda message, said=said: said.append(message.text))
            tab.goto(path.as_uri())
            assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
            assert said == []
            assert "run" not in tab.title()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.locator("script, [onerror], [onload], a[href^=java]").count() == 0
        chromium.close()
