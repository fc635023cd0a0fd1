"""LAMBDAs that read ranges: a sentence for what doesn't fit, the one of `xlfuncs.ranges`, or an empty text."""

from xlfuncs.limits import MAX_COLUMNS, MAX_ROWS

RANGES = {
    "GS_PLURAL": 'LAMBDA(many, thing, IF(many=1, "1 "&thing, many&" "&thing&"s"))',
    "GS_THOUSANDS": 'LAMBDA(many, TEXT(many, "#,##0"))',
    "GS_PLAIN": """
        # a text on one line
        LAMBDA(words, TRIM(SUBSTITUTE(SUBSTITUTE(SUBSTITUTE(SUBSTITUTE(
            words, CHAR(9), " "), CHAR(10), " "), CHAR(13), " "), "\N{NO-BREAK SPACE}", " ")))""",
    "GS_QUOTED": """
        LAMBDA(words, LET(line, GS_PLAIN(words), IF(LEN(line)<=40, "'"&line&"'", "'"&LEFT(line, 40)&"…'")))""",
    "GS_DIGITS": """
        # whether a text is digits only
        LAMBDA(words, IF(LEN(words)=0, FALSE, REDUCE(TRUE, MID(words, SEQUENCE(1, LEN(words)), 1),
            LAMBDA(so_far, sign_, IF(so_far, ISNUMBER(FIND(sign_, "0123456789")), FALSE)))))""",
    "GS_ERROR": """
        # the sentence for a cell that holds an error
        LAMBDA(place, bad, LET(
            kind, ERROR.TYPE(bad),
            known, IF(kind>14, "number "&kind, CHOOSE(kind, "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!",
                "#N/A", "#GETTING_DATA", "#SPILL!", "#CONNECT!", "#BLOCKED!", "#UNKNOWN!", "#FIELD!", "#CALC!")),
            place&" holds the error "&known&"; "&
                IF(kind=8, "wait until Excel has its value", "mend that cell first")&"."))""",
    "GS_FIRST": """
        # the first cell, a single value as it is
        LAMBDA(cells, IF(ROWS(cells)*COLUMNS(cells)=1, cells, INDEX(cells, 1, 1)))""",
    "GS_NO_NUMBER": """
        # the sentence for a cell that holds no number
        LAMBDA(place, bad, IF(ISERROR(bad), GS_ERROR(place, bad),
            IF(ISLOGICAL(bad), place&" is "&IF(bad, "TRUE", "FALSE")&"; a number is needed.",
            IF(bad="", place&" is blank; type a number there.",
            place&" holds the text "&GS_QUOTED(bad)&"; a number is needed."))))""",
    "GS_NUMBERS": """
        # the first cell that holds no number: what counts the good cells turns negative there
        LAMBDA(argument, cells, LET(
            found, REDUCE(0, cells, LAMBDA(good, item,
                IF(good<0, good, IF(ISNUMBER(item), good+1, -good-1)))),
            IF(ROWS(cells)*COLUMNS(cells)=1, IF(ISNUMBER(cells), "", GS_NO_NUMBER(argument, cells)),
            IF(found>=0, "", LET(
                across, INT((-found-1)/COLUMNS(cells))+1,
                along, MOD(-found-1, COLUMNS(cells))+1,
                line, OR(ROWS(cells)=1, COLUMNS(cells)=1),
                where, IF(line, -found, "("&across&", "&along&")"),
                GS_NO_NUMBER(argument&", cell "&where&",", INDEX(cells, across, along)))))))""",
    "GS_SIZE": 'LAMBDA(cells, GS_PLURAL(ROWS(cells), "row")&" by "&GS_PLURAL(COLUMNS(cells), "column"))',
    "GS_IS_FLAT": "LAMBDA(cells, OR(ROWS(cells)=1, COLUMNS(cells)=1))",
    "GS_VECTOR": """
        LAMBDA(argument, cells, LET(wrong, GS_NUMBERS(argument, cells), IF(wrong<>"", wrong, IF(GS_IS_FLAT(cells), "",
            argument&" is "&GS_SIZE(cells)&"; it must be one row or one column."))))""",
    "GS_NUMBER": """
        LAMBDA(argument, cells, LET(wrong, GS_NUMBERS(argument, cells), many, ROWS(cells)*COLUMNS(cells),
            IF(wrong<>"", wrong, IF(many=1, "", argument&" is one number; the range has "&many&" cells."))))""",
    "GS_COUNT": """
        LAMBDA(argument, cells, most, LET(wrong, GS_NUMBER(argument, cells), IF(wrong<>"", wrong, LET(
            many, SUM(cells),
            IF(AND(many=INT(many), many>=1, many<=most), "",
                argument&" is "&many&"; it must be a whole number from 1 to "&GS_THOUSANDS(most)&".")))))""",
    "GS_FLAG": """
        LAMBDA(argument, cells, IF(ROWS(cells)*COLUMNS(cells)>1, argument&" must be TRUE or FALSE.",
            LET(item, GS_FIRST(cells), IF(ISERROR(item), GS_ERROR(argument, item),
            IF(ISLOGICAL(item), "", IF(ISNUMBER(item), IF(OR(item=0, item=1), "", argument&" must be TRUE or FALSE."),
            argument&" must be TRUE or FALSE."))))))""",
    "GS_IS_LEFT_OUT": """
        # an optional argument that is missing (it comes as an empty text) or a blank cell
        LAMBDA(cells, IF(ROWS(cells)*COLUMNS(cells)>1, FALSE,
            LET(item, GS_FIRST(cells), IF(ISERROR(item), FALSE, item=""))))""",
    "GS_MATRIX": """
        # weights as a matrix or flat; `of` says what there are `wide` of
        LAMBDA(argument, cells, wide, of, LET(wrong, GS_NUMBERS(argument, cells), many, ROWS(cells)*COLUMNS(cells),
            IF(wrong<>"", wrong, IF(GS_IS_FLAT(cells),
                IF(MOD(many, wide)=0, "", argument&" has "&GS_PLURAL(many, "number")&"; "&of&
                    " need a multiple of "&wide&"."),
                IF(COLUMNS(cells)=wide, "", argument&" is "&GS_SIZE(cells)&"; "&of&" need "&
                    GS_PLURAL(wide, "column")&", a row a unit.")))))""",
    "GS_AS_MANY": """
        LAMBDA(one, cells, another, others, LET(wrong, GS_VECTOR(one, cells), wrong_too, GS_VECTOR(another, others),
            IF(wrong<>"", wrong, wrong_too)))""",
    "GS_WEIGHT": """
        # which of the names is meant: its place, or a sentence
        LAMBDA(cells, names, LET(
            item, GS_FIRST(cells),
            IF(ISERROR(item), GS_ERROR("weight", item), LET(
                many, ROWS(cells)*COLUMNS(cells),
                written, IF(many>1, many&" cells", IF(ISLOGICAL(item), IF(item, "True", "False"),
                    IF(ISNUMBER(item), GS_POINT(item), IF(item="", "blank", TRIM(item))))),
                place, IFERROR(XMATCH("w"&written, names), IFERROR(XMATCH(LOWER(written), names), 0)),
                IF(place>0, place, LET(
                    shown, IF(LEN(written)<=20, written, GS_QUOTED(written)),
                    weights_, SUM(MAP(names, LAMBDA(each, IF(LEFT(each, 1)="w", 1, 0)))),
                    biases, COLUMNS(names)-weights_,
                    "weight is "&shown&"; this network has w1"&IF(weights_>1, " to w"&weights_, "")&
                        IF(biases>0, " and b1"&IF(biases>1, " to b"&biases, ""), "")&"."))))))""",
    "GS_CELLS": """
        # the result, or a sentence where a number in it is too large for a cell
        LAMBDA(found, IF(IFERROR(SUM(MAP(found, LAMBDA(item, IF(ISERROR(item), 1, 0)))), 1)>0,
            "The result is too large for a cell; use smaller numbers.", found))""",
    "GS_WIDE": f"""
        LAMBDA(many, cure, IF(many<={MAX_COLUMNS}, "", "The result has "&GS_THOUSANDS(many)&
            " columns and a sheet {MAX_COLUMNS:,}; "&cure&"."))""",
    "GS_TALL": f"""
        LAMBDA(many, cure, IF(many<={MAX_ROWS}, "", "The result has "&GS_THOUSANDS(many)&
            " rows and a sheet {MAX_ROWS:,}; "&cure&"."))""",
}
