"""LAMBDAs that read a network's line, as `xlfuncs.spec` does.

GS_SPEC gives a matrix, or a sentence. Its rows are the layers: inputs, units, where its weights begin (from 0), how
many biases, the activation's number, the units before its inputs. The last row: the loss's number, the optimizer's,
decay, batch, the kind of biases (below 0 if they are fixed), how many weights and biases in all. Numbers count from 1
in the order of ACTIVATIONS, LOSSES and OPTIMIZERS; of BIASES too.
"""

from collections.abc import Iterable

from xlfuncs.activations import ACTIVATIONS, LOSSES, OF_A_WHOLE_LAYER
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import BIASES

ACTIVATION_NAMES, LOSS_NAMES, OPTIMIZER_NAMES = list(ACTIVATIONS), list(LOSSES), list(OPTIMIZERS)
SETTINGS = ("", "", "loss", "optimizer", "bias", "fixed_bias", "decay", "batch")
"""What stands in each place while the words are read; the first is a sentence, the second the activations."""


def listed(names: Iterable[str]) -> str:
    """An array of texts."""
    return "{" + ",".join(f'"{name}"' for name in names) + "}"


def number_of(name: str, names: list[str]) -> int:
    """The number that stands for a name."""
    return names.index(name) + 1


_KNOWN = [*ACTIVATIONS, *LOSSES, *OPTIMIZERS, "bias=none|unit|layer", "fixed-bias", "decay=0.01", "batch=all|1|N"]
_SIGMOID, _SOFTMAX = (number_of(name, ACTIVATION_NAMES) for name in ("sigmoid", "softmax"))
_WHOLE = "{" + ",".join(str(number_of(name, ACTIVATION_NAMES)) for name in OF_A_WHOLE_LAYER) + "}"
_HALF, _SGD = number_of("half-squared", LOSS_NAMES), number_of("sgd", OPTIMIZER_NAMES)
_SHARES = "{" + ",".join(str(number_of(name, ACTIVATION_NAMES)) for name in ("sigmoid", "softmax")) + "}"
_NEED_SHARES = "{" + ",".join(str(number_of(n, LOSS_NAMES)) for n in ("binary-cross-entropy", "cross-entropy")) + "}"
_PLACE = {name: place for place, name in enumerate(SETTINGS, start=1) if name}

SPEC = {
    "GS_DECIMAL": """
        # a number written with a point, whatever the country; -1 for what is none
        LAMBDA(words, LET(
            cut, IFERROR(FIND("e", words), 0),
            front, IF(cut, LEFT(words, cut-1), words),
            digits, SUBSTITUTE(front, ".", ""),
            back, IF(cut, MID(words, cut+1, 99), "0"),
            power_, IF(OR(LEFT(back, 1)="-", LEFT(back, 1)="+"), MID(back, 2, 99), back),
            IF(AND(GS_DIGITS(digits), LEN(front)-LEN(digits)<2, RIGHT(front, 1)<>".", GS_DIGITS(power_), LEN(power_)<3),
                LET(base_, NUMBERVALUE(front, ".", ","), tens, 10^(power_*1),
                    IF(LEFT(back, 1)="-", base_/tens, base_*tens)), -1)))""",
    "GS_SETTING": f"""
        # one word: its place in SETTINGS and what it says; place 1 and a sentence for an unknown word
        LAMBDA(word, LET(
            activation, IFERROR(XMATCH(word, {listed(ACTIVATION_NAMES)}), 0),
            loss, IFERROR(XMATCH(word, {listed(LOSS_NAMES)}), 0),
            optimizer, IFERROR(XMATCH(word, {listed(OPTIMIZER_NAMES)}), 0),
            cut, IFERROR(FIND("=", word), 0),
            front, IF(cut, LEFT(word, cut-1), word),
            back, IF(cut, MID(word, cut+1, 32767), ""),
            bias, IFERROR(XMATCH(back, {listed(BIASES)}), 0),
            decay, IF(front="decay", GS_DECIMAL(back), 0),
            batch, IF(front<>"batch", 0, IF(back="all", -1, IF(AND(GS_DIGITS(back), LEN(back)<8), back*1, 0))),
            IF(activation, HSTACK(2, TEXT(activation, "00")),
            IF(loss, HSTACK({_PLACE["loss"]}, loss),
            IF(optimizer, HSTACK({_PLACE["optimizer"]}, optimizer),
            IF(AND(front="fixed-bias", back=""), HSTACK({_PLACE["fixed_bias"]}, 1),
            IF(AND(front="bias", bias>0), HSTACK({_PLACE["bias"]}, bias),
            IF(batch, HSTACK({_PLACE["batch"]}, MAX(batch, 0)),
            IF(AND(front="decay", decay>=0), HSTACK({_PLACE["decay"]}, decay),
            IF(front="decay", HSTACK(1, "The network's decay is "&GS_QUOTED(back)&
                "; give a number from 0, such as decay=0.01."),
            HSTACK(1, "The network's word "&GS_QUOTED(word)&" isn't known; use {", ".join(_KNOWN[:-1])}"&
                " or {_KNOWN[-1]}.")))))))))))""",
    "GS_SETTINGS": f"""
        # all words after the sizes, as a row like SETTINGS
        LAMBDA(words, LET(nothing, IF(SEQUENCE(1, {len(SETTINGS)}), ""), IF(COLUMNS(words)=1, nothing,
            REDUCE(nothing, DROP(words, , 1), LAMBDA(so_far, word, IF(INDEX(so_far, 1, 1)<>"", so_far, LET(
                found, GS_SETTING(word),
                place, INDEX(found, 1, 1),
                said, INDEX(found, 1, 2),
                before, INDEX(so_far, 1, place),
                places, SEQUENCE(1, {len(SETTINGS)}),
                IF(place=2, IF(places=2, before&said, so_far),
                IF(AND(place>2, before<>""), IF(places=1, "The network names its "&
                    INDEX({listed(SETTINGS)}, 1, place)&" twice: "&GS_QUOTED(word)&" is the second.", so_far),
                IF(places=place, said, so_far))))))))))""",
    "GS_LAYERS": f"""
        # the layers' rows from the sizes, the activations' numbers as text, and the kind of biases
        LAMBDA(sizes, named, bias, REDUCE(0, SEQUENCE(COLUMNS(sizes)-1), LAMBDA(so_far, k, LET(
            layers, COLUMNS(sizes)-1,
            ins, INDEX(sizes, 1, k),
            units, INDEX(sizes, 1, k+1),
            many, LEN(named)/2,
            which, IF(many=2, IF(k=layers, 2, 1), IF(many=1, 1, k)),
            activation, IF(many=0, {_SIGMOID}, MID(named, 2*which-1, 2)*1),
            added, IF(bias=2, units, IF(bias=3, 1, 0)),
            past, TAKE(so_far, -1),
            begin, IF(k=1, 0, INDEX(past, 1, 3)+INDEX(past, 1, 1)*INDEX(past, 1, 2)+INDEX(past, 1, 4)),
            before, IF(k=1, 0, INDEX(past, 1, 6)+INDEX(past, 1, 1)),
            own, HSTACK(ins, units, begin, added, activation, before),
            IF(k=1, own, VSTACK(so_far, own))))))""",
    "GS_SPEC": """
        LAMBDA(network, LET(
            item, GS_FIRST(network),
            IF(ISERROR(item), GS_ERROR("network", item), LET(
                no_text, "network must be a text such as 2-3-2 tanh.",
                IF(OR(ROWS(network)*COLUMNS(network)>1, NOT(ISTEXT(item))), no_text, LET(
                    line, GS_PLAIN(SUBSTITUTE(item, ",", " ")),
                    IF(GS_PLAIN(item)="", no_text, IF(line="", GS_NO_SIZES(item), LET(
                        words, TEXTSPLIT(LOWER(line), " "),
                        first, LEFT(line, FIND(" ", line&" ")-1),
                        parts, TEXTSPLIT(first, "-"),
                        sound, IF(COLUMNS(parts)<2, FALSE, REDUCE(TRUE, parts, LAMBDA(so_far, part,
                            IF(so_far, GS_DIGITS(part), FALSE)))),
                        IF(NOT(sound), GS_NO_SIZES(item),
                        IF(MAX(LEN(parts))>6, "The network "&GS_QUOTED(first)&
                            " has a layer that no sheet can hold; use fewer units.",
                        GS_SPEC_OF(parts*1, GS_SETTINGS(words)))))))))))))""",
    "GS_NO_SIZES": """
        LAMBDA(network, "The network "&GS_QUOTED(network)&
            " must begin with its sizes, such as 2-3-2: inputs, hidden units, outputs.")""",
    "GS_SHORT": 'LAMBDA(line, IF(LEN(line)<=80, line, LEFT(line, 80)&"…"))',
    "GS_SIZES": """
        # 2-3-2
        LAMBDA(sizes, REDUCE("", sizes, LAMBDA(so_far, units, so_far&IF(so_far="", "", "-")&units)))""",
    "GS_SPEC_OF": f"""
        # what doesn't go together gets its sentence here
        LAMBDA(sizes, settings, LET(
            layers, COLUMNS(sizes)-1,
            named, INDEX(settings, 1, 2),
            many, LEN(named)/2,
            loss, IF(INDEX(settings, 1, 3)="", {_HALF}, INDEX(settings, 1, 3)),
            optimizer, IF(INDEX(settings, 1, 4)="", {_SGD}, INDEX(settings, 1, 4)),
            bias, IF(INDEX(settings, 1, 5)="", 1, INDEX(settings, 1, 5)),
            fixed_, IF(INDEX(settings, 1, 6)="", 0, 1),
            decay, IF(INDEX(settings, 1, 7)="", 0, INDEX(settings, 1, 7)),
            batch, IF(INDEX(settings, 1, 8)="", 0, INDEX(settings, 1, 8)),
            IF(INDEX(settings, 1, 1)<>"", INDEX(settings, 1, 1),
            IF(AND(many>1, many<>layers, OR(many<>2, layers=1)), many&" activations are named for "&
                GS_PLURAL(layers, "layer")&"; name one for all, two (hidden, output) or one a layer.",
            IF(MIN(sizes)=0, "The sizes "&GS_SHORT(GS_SIZES(sizes))&
                " hold a layer of 0 units; each layer needs at least 1.", LET(
            body, GS_LAYERS(sizes, named, bias),
            last, TAKE(body, -1),
            output, INDEX(last, 1, 5),
            whole, SUM(MAP(INDEX(body, 0, 5), SEQUENCE(layers), LAMBDA(each, k,
                IF(AND(k<layers, OR(each={_WHOLE})), 1, 0)))),
            IF(whole>0, "softmax belongs to the last layer; name another activation for the hidden ones.",
            IF(AND(output={_SOFTMAX}, INDEX(last, 1, 2)=1),
                "softmax over one output is always 1; use sigmoid, or two outputs.",
            IF(AND(OR(loss={_NEED_SHARES}), NOT(OR(output={_SHARES}))), INDEX({listed(LOSS_NAMES)}, 1, loss)&
                " needs outputs between 0 and 1; end with sigmoid or softmax.",
            IF(AND(fixed_=1, bias=1), "fixed-bias needs biases; add bias=unit or bias=layer.",
            VSTACK(body, HSTACK(loss, optimizer, decay, batch, IF(fixed_, -bias, bias),
                INDEX(last, 1, 3)+INDEX(last, 1, 1)*INDEX(last, 1, 2)+INDEX(last, 1, 4)))))))))))))""",
    "GS_LINE": f"""
        # the line again, each thing that isn't the exercise's named once
        LAMBDA(spec, LET(
            layers, ROWS(spec)-1,
            last, layers+1,
            names, {listed(ACTIVATION_NAMES)},
            sizes, REDUCE(INDEX(spec, 1, 1), SEQUENCE(layers), LAMBDA(so_far, k, so_far&"-"&INDEX(spec, k, 2))),
            first, INDEX(spec, 1, 5),
            output, INDEX(spec, layers, 5),
            hidden_, IF(layers=1, TRUE, REDUCE(TRUE, SEQUENCE(layers-1), LAMBDA(so_far, k,
                AND(so_far, INDEX(spec, k, 5)=first)))),
            activations, IF(hidden_, IF(output=first, IF(first={_SIGMOID}, "", " "&INDEX(names, 1, first)),
                " "&INDEX(names, 1, first)&" "&INDEX(names, 1, output)),
                REDUCE("", SEQUENCE(layers), LAMBDA(so_far, k, so_far&" "&INDEX(names, 1, INDEX(spec, k, 5))))),
            loss, INDEX(spec, last, 1),
            optimizer, INDEX(spec, last, 2),
            decay, INDEX(spec, last, 3),
            batch, INDEX(spec, last, 4),
            bias, INDEX(spec, last, 5),
            sizes&activations&
                IF(loss={_HALF}, "", " "&INDEX({listed(LOSS_NAMES)}, 1, loss))&
                IF(bias=1, "", " bias="&INDEX({listed(BIASES)}, 1, ABS(bias)))&
                IF(bias<0, " fixed-bias", "")&
                IF(optimizer={_SGD}, "", " "&INDEX({listed(OPTIMIZER_NAMES)}, 1, optimizer))&
                IF(decay=0, "", " decay="&GS_POINT(decay))&
                IF(batch=0, "", " batch="&batch)))""",
    "GS_POINT": """
        # a number as Python writes it
        LAMBDA(number_, IF(OR(AND(number_<>0, ABS(number_)<0.0001), ABS(number_)>=1E+16),
            SUBSTITUTE(SUBSTITUTE(LOWER(TEXT(number_, "0.###############E+00")), ".e", "e"), ",", "."),
            SUBSTITUTE(number_&"", ",", ".")))""",
}
