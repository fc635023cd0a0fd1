"""Samples from a CSV file: with and without a header, and one sentence for each thing that doesn't fit."""

import pytest

from workbook import sample_data
from workbook.cli import main
from workbook.sample_data import Samples
from xlfuncs.errors import GradsheetError

XOR = "0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
ROWS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)), ((0.0,), (1.0,), (1.0,), (0.0,))


def written(folder, content):
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        XOR,
        "i1,i2,t1\n" + XOR,
        XOR.replace("\n", "\r"),
        " I1 , I2 , T1 \r\n" + XOR.replace("\n", "\r\n"),
        "t1,i2,i1\n0,0,0\n1,1,0\n1,0,1\n0,1,1\n",
        ("\ufeffi1,i2,t1\n" + XOR).encode(),
        ("i1,i2,t1\n" + XOR).encode("utf-16"),
        "\n" + XOR.replace("1", '"1.0"') + "\n\n,,\n",
        XOR.rstrip(),
        XOR.replace("1", "1e0"),
    ],
)
def test_the_same_samples_in_many_ways(content, tmp_path):
    assert sample_data.read(written(tmp_path, content)).split(2, 1, "2-2-1") == ROWS


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty; give a line a sample"),
        ("\n \n", "is empty; give a line a sample"),
        ("i1,i2,t1\n", "has a header but no samples"),
        ("0;0;0\n0;1;1\n", "has semicolons between its numbers; save it with commas"),
        (
            "0,5;0;1\n0,5;1;1\n",
            "has semicolons between its numbers; save it with commas between the numbers and points",
        ),
        ("0\t0\t0\n", "has tabs between its numbers; save it with commas"),
        ('"0,5","1,5","1,0"\n"0,5","1,5","1,0"\n', "has '0,5' in line 1; name the columns"),
        ('i1,i2,t1\n"0,5",1,0\n', "line 2: '0,5' is no number; write a point in it: 0.5."),
        ("0,0,0\n0,x,1\n", "line 2: 'x' is no number."),
        ("0,x,0\n0,1,1\n", "line 1: 'x' is no number."),
        ("0,0,0\n0,,1\n", "line 2: nothing between two commas is no number."),
        ("0,0,0\n0,nan,1\n", "line 2: 'nan' is no number."),
        ("0,0,0\n0,1e999,1\n", "line 2: '1e999' is no number."),
        ("0,0,0\n0,1_0,1\n", "line 2: '1_0' is no number."),
        ("0,0,0\n0,1\n", "line 2: 2 columns where line 1 has 3."),
        ("0,0,0\n0,1,1,1\n", "line 2: 4 columns where line 1 has 3."),
        ("0,0\n0,1\n", "has 2 columns; 2-2-1 takes 2 + 1: name the sizes with --layers"),
        ("i1,t1\n0,1\n", "has 1 input and 1 target; 2-2-1 takes 2 and 1: name the sizes with --layers."),
        ("i1,i2,y\n0,1,1\n", "has 'y' in line 1; name the columns i1,i2,…,t1,…, or leave that line out."),
        ("i1,i2,\n0,1,1\n", "has a column without a name in line 1"),
        ("i1,i1,t1\n0,1,1\n", "has two columns i1; name each once"),
        ("i1,i3,t1\n0,1,1\n", "has no column i2 for the input"),
        ("i1,i2,i3\n0,1,1\n", "has no column t1 for the target"),
        (b"PK\x03\x04\x00\x00\xff", "is no CSV file, which is plain text"),
        (b"\xff\xfe0\x00\xd8", "is no CSV file, which is plain text"),
        (b"i1,i2,t1\n0,\xe4,1\n", "is no CSV file, which is plain text"),
        (b"0,0,0\n0,\x00,1\n", "is no CSV file, which is plain text"),
        ("0,0,0\n" + "1" * 200_000, "line 2, can't be read (field larger than field limit"),
        ('0,0,0\n0,"1,1\n', "line 2: 2 columns where line 1 has 3."),
    ],
)
def test_what_does_not_fit(content, sentence, tmp_path, capsys):
    path = written(tmp_path, content)
    with pytest.raises(GradsheetError) as error:
        sample_data.read(path).split(2, 1, "2-2-1")
    assert str(error.value).startswith(str(path)) and sentence in str(error.value)
    out = tmp_path / "out.xlsx"
    assert main(["build", str(out), "--layers", "2-2-1", "--samples", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("gradsheet: ") and said.count("\n") == 1 and not out.exists()


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(GradsheetError, match=r"can't be read \(.*\); --samples takes a CSV file"):
            sample_data.read(path)


def test_more_samples_than_rows(tmp_path):
    with pytest.raises(GradsheetError, match="has 1,048,577 samples, more than Excel has rows; give fewer"):
        sample_data.read(written(tmp_path, "0,1\n" * (2**20 + 1)))


def test_which_targets_are_classes():
    def classes(*targets):
        return Samples(((0.0,),) * len(targets), targets).are_classes

    assert classes((0.0,), (1.0,)) and classes((0.0, 1.0), (1.0, 0.0))
    assert not classes((0.0,), (0.5,)) and not classes((1.0, 1.0), (0.0, 1.0)) and not classes((-1.0,), (1.0,))
