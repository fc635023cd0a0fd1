"""The functions of the table themselves, in the LAMBDAs of `lambdas_network`: ranges checked, then one call."""

from workbook.hosts.lambdas_spec import ACTIVATION_NAMES, LOSS_NAMES, OPTIMIZER_NAMES, number_of
from xlfuncs.limits import MAX_ROWS
from xlfuncs.network import ITERATIONS

_SIGMOID, _HALF = number_of("sigmoid", ACTIVATION_NAMES), number_of("half-squared", LOSS_NAMES)
_SGD = number_of("sgd", OPTIMIZER_NAMES)
_SMALLER = '"use a smaller network"'

CHECKS = {
    "GS_BP_WEIGHTS": """
        # the sentence for weights that make no inputs-hidden-outputs network
        LAMBDA(ins, into_hidden, into_output, LET(
            wrong, GS_VECTOR("inputs", ins),
            IF(wrong<>"", wrong, LET(
                n_in, ROWS(ins)*COLUMNS(ins),
                wrong_hidden, GS_MATRIX("weights_hidden", into_hidden, n_in, GS_PLURAL(n_in, "input")),
                IF(wrong_hidden<>"", wrong_hidden, LET(
                    hidden_, ROWS(into_hidden)*COLUMNS(into_hidden)/n_in,
                    GS_MATRIX("weights_output", into_output, hidden_, GS_PLURAL(hidden_, "hidden unit"))))))))""",
    "GS_BP_RANGES": """
        # the same for weights and targets
        LAMBDA(ins, wanted, into_hidden, into_output, LET(
            wrong, GS_BP_WEIGHTS(ins, into_hidden, into_output),
            IF(wrong<>"", wrong, LET(
                hidden_, ROWS(into_hidden)*COLUMNS(into_hidden)/ROWS(ins)/COLUMNS(ins),
                weights_, ROWS(into_output)*COLUMNS(into_output),
                outputs_, weights_/hidden_,
                many, ROWS(wanted)*COLUMNS(wanted),
                wrong_targets, GS_VECTOR("targets", wanted),
                IF(wrong_targets<>"", wrong_targets, IF(many=outputs_, "", "targets has "&GS_PLURAL(many, "number")&
                    "; weights_output has "&GS_PLURAL(weights_, "number")&", which is "&
                    GS_PLURAL(outputs_, "output")&" for "&GS_PLURAL(hidden_, "hidden unit")&"."))))))""",
    "GS_BP_SPEC": f"""
        # the exercise's kind of network, from how many inputs and weights there are
        LAMBDA(n_in, hidden_, outputs_, VSTACK(
            HSTACK(n_in, hidden_, 0, 0, {_SIGMOID}, 0),
            HSTACK(hidden_, outputs_, n_in*hidden_, 0, {_SIGMOID}, n_in),
            HSTACK({_HALF}, {_SGD}, 0, 0, 1, hidden_*(n_in+outputs_))))""",
    "GS_BP": """
        LAMBDA(ins, into_hidden, into_output, LET(
            n_in, ROWS(ins)*COLUMNS(ins),
            hidden_, ROWS(into_hidden)*COLUMNS(into_hidden)/n_in,
            GS_BP_SPEC(n_in, hidden_, ROWS(into_output)*COLUMNS(into_output)/hidden_)))""",
    "GS_FLAT": "LAMBDA(into_hidden, into_output, HSTACK(TOROW(into_hidden), TOROW(into_output)))",
    "GS_SAMPLES": """
        LAMBDA(argument, cells, wide, of, LET(wrong, GS_NUMBERS(argument, cells), IF(wrong<>"", wrong,
            IF(OR(COLUMNS(cells)=wide, AND(COLUMNS(cells)=1, ROWS(cells)=wide)), "",
            argument&" is "&GS_THOUSANDS(ROWS(cells))&" x "&GS_THOUSANDS(COLUMNS(cells))&" cells; the network has "&
                GS_THOUSANDS(wide)&" "&of&": give "&GS_THOUSANDS(wide)&" columns, a row a sample."))))""",
    "GS_AS_ROWS": "LAMBDA(cells, wide, IF(COLUMNS(cells)=wide, cells, TRANSPOSE(cells)))",
    "GS_NN_WEIGHTS": """
        LAMBDA(spec, cells, LET(wrong, GS_VECTOR("weights", cells), many, ROWS(cells)*COLUMNS(cells),
            needed, INDEX(spec, ROWS(spec), 6),
            IF(wrong<>"", wrong, IF(many=needed, "", "weights has "&IF(many=1, "1 number",
                GS_THOUSANDS(many)&" numbers")&
                "; "&GS_SHORT(GS_LINE(spec))&" needs "&GS_THOUSANDS(needed)&"."))))""",
    "GS_NN_RANGES": """
        LAMBDA(spec, samples, wanted, cells, IF(ISTEXT(GS_FIRST(spec)), GS_FIRST(spec), LET(
            n_in, INDEX(spec, 1, 1),
            outputs_, INDEX(spec, ROWS(spec)-1, 2),
            wrong, GS_SAMPLES("inputs", samples, n_in, "inputs"),
            IF(wrong<>"", wrong, LET(
                wrong_targets, GS_SAMPLES("targets", wanted, outputs_, "outputs"),
                IF(wrong_targets<>"", wrong_targets, LET(
                    many, IF(COLUMNS(samples)=n_in, ROWS(samples), 1),
                    many_targets, IF(COLUMNS(wanted)=outputs_, ROWS(wanted), 1),
                    IF(many<>many_targets, "inputs has "&GS_THOUSANDS(many)&" samples (rows) and targets "&
                        GS_THOUSANDS(many_targets)&"; each sample needs both.", GS_NN_WEIGHTS(spec, cells)))))))))""",
}

_BP = "GS_BP_RANGES(inputs_, targets_, weights_hidden_, weights_output_)"
_BP_READ = """
                spec, GS_BP(inputs_, weights_hidden_, weights_output_),
                flat, GS_FLAT(weights_hidden_, weights_output_),
                samples, TOROW(inputs_),
                wanted, TOROW(targets_),"""
_NN_READ = """
                flat, TOROW(weights),
                samples, GS_AS_ROWS(inputs_, INDEX(spec, 1, 1)),
                wanted, GS_AS_ROWS(targets_, INDEX(spec, ROWS(spec)-1, 2)),"""
_NN = """LET(
            spec, GS_SPEC(network),
            wrong, GS_NN_RANGES(spec, inputs_, targets_, weights),
            IF(wrong<>"", wrong, """

FUNCTIONS = {
    "BP_SIGMOID": f"""
        LAMBDA(x, LET(wrong, GS_NUMBERS("x", x), IF(wrong<>"", wrong, GS_ACTIVATE({_SIGMOID}, x))))""",
    "BP_FORWARD": """
        LAMBDA(inputs_, weights_hidden_, weights_output_, LET(
            wrong, GS_BP_WEIGHTS(inputs_, weights_hidden_, weights_output_),
            IF(wrong<>"", wrong, GS_PASSED(GS_BP(inputs_, weights_hidden_, weights_output_),
                GS_FLAT(weights_hidden_, weights_output_), TOROW(inputs_)))))""",
    "BP_ERROR": f"""
        LAMBDA(targets_, outputs, LET(
            wrong, GS_AS_MANY("targets", targets_, "outputs", outputs),
            many, ROWS(targets_)*COLUMNS(targets_),
            others, ROWS(outputs)*COLUMNS(outputs),
            IF(wrong<>"", wrong, IF(many<>others, "outputs has "&others&" and targets "&many&
                " numbers; they must be as many.", LET(
            wrong_wide, GS_WIDE(many+1, "give fewer of them"),
            IF(wrong_wide<>"", wrong_wide, GS_CELLS(GS_ERRORS({_HALF}, TOROW(targets_), TOROW(outputs)))))))))""",
    "BP_GRAD": f"""
        LAMBDA(inputs_, targets_, weights_hidden_, weights_output_, [weight], LET(
            wrong, {_BP},
            IF(wrong<>"", wrong, LET({_BP_READ}
                asked, IF(ISOMITTED(weight), "", weight),
                every, GS_IS_LEFT_OUT(asked),
                place, IF(every, 0, GS_WEIGHT(asked, GS_ALL_NAMES(spec))),
                wrong_wide, GS_WIDE(IF(every, COLUMNS(flat), 1),
                    "ask for one weight's gradient, or use a smaller network"),
                IF(ISTEXT(place), place, IF(wrong_wide<>"", wrong_wide, LET(
                    found, GS_CELLS(GS_GRADIENT(spec, flat, samples, wanted)),
                    IF(OR(every, ISTEXT(GS_FIRST(found))), found, INDEX(HSTACK(found, 0), 1, place)))))))))""",
    "BP_UPDATE": """
        LAMBDA(weights, gradients, learning_rate_, LET(
            wrong, GS_NUMBERS("weights", weights),
            wrong_gradients, GS_NUMBERS("gradients", gradients),
            many, ROWS(weights)*COLUMNS(weights),
            others, ROWS(gradients)*COLUMNS(gradients),
            IF(wrong<>"", wrong, IF(wrong_gradients<>"", wrong_gradients, IF(many<>others, "gradients has "&others&
                " and weights "&many&" numbers; they must be as many.", LET(
            wrong_rate, GS_NUMBER("learning_rate", learning_rate_),
            IF(wrong_rate<>"", wrong_rate,
                GS_CELLS(weights-SUM(learning_rate_)*WRAPROWS(TOROW(gradients), COLUMNS(weights))))))))))""",
    "BP_TABLE": f"""
        LAMBDA(inputs_, targets_, weights_hidden_, weights_output_, learning_rate_, [iterations], [header], LET(
            wrong, {_BP},
            IF(wrong<>"", wrong, LET({_BP_READ}
                GS_TABLE_OF(spec, flat, samples, wanted, learning_rate_, IF(ISOMITTED(iterations), "", iterations),
                    IF(ISOMITTED(header), "", header), FALSE)))))""",
    "BP_SWEEP": f"""
        LAMBDA(inputs_, targets_, weights_hidden_, weights_output_, learning_rates, [iterations], LET(
            wrong, {_BP},
            IF(wrong<>"", wrong, LET({_BP_READ}
                wrong_rates, GS_VECTOR("learning_rates", learning_rates),
                asked, IF(ISOMITTED(iterations), "", iterations),
                wrong_count, IF(GS_IS_LEFT_OUT(asked), "", GS_COUNT("iterations", asked, {MAX_ROWS})),
                wrong_wide, GS_WIDE(ROWS(learning_rates)*COLUMNS(learning_rates), "compare fewer learning rates"),
                IF(wrong_rates<>"", wrong_rates, IF(wrong_count<>"", wrong_count, IF(wrong_wide<>"", wrong_wide, LET(
                    many, IF(GS_IS_LEFT_OUT(asked), {ITERATIONS}, SUM(asked)),
                    place, 1+3*COLUMNS(wanted)+COLUMNS(samples)+COLUMNS(flat)+2*INDEX(spec, 1, 2)+1+COLUMNS(wanted),
                    GS_CELLS(DROP(REDUCE(SEQUENCE(many), TOROW(learning_rates), LAMBDA(so_far, speed, HSTACK(so_far,
                        INDEX(GS_TABLE(spec, flat, samples, wanted, speed, many), 0, place)))), , 1))))))))))""",
    "BP_GRADCHECK": f"""
        LAMBDA(inputs_, targets_, weights_hidden_, weights_output_, LET(
            wrong, {_BP},
            IF(wrong<>"", wrong, LET({_BP_READ}
                GS_CELLS(GS_DIFFERENCE(spec, flat, samples, wanted))))))""",
    "BP_EXPLAIN": f"""
        LAMBDA(inputs_, targets_, weights_hidden_, weights_output_, weight, LET(
            wrong, {_BP},
            IF(wrong<>"", wrong, LET({_BP_READ}
                place, GS_WEIGHT(weight, GS_ALL_NAMES(spec)),
                IF(ISTEXT(place), place, GS_CELLS(GS_EXPLAIN(spec, flat, samples, wanted, place)))))))""",
    "NN_EXPLAIN": f"""
        LAMBDA(inputs_, targets_, weights, network, weight, {_NN}LET({_NN_READ}
                names, GS_ALL_NAMES(spec),
                asked, GS_WEIGHT(weight, GS_ONLY_LEARNED(spec, names)),
                IF(ISTEXT(asked), asked, GS_CELLS(GS_EXPLAIN(spec, flat, samples, wanted,
                    XMATCH(INDEX(HSTACK(GS_ONLY_LEARNED(spec, names), ""), 1, asked), names))))))))""",
    "NN_FORWARD": """
        LAMBDA(inputs_, weights, network, LET(
            spec, GS_SPEC(network),
            IF(ISTEXT(GS_FIRST(spec)), GS_FIRST(spec), LET(
                n_in, INDEX(spec, 1, 1),
                wrong, GS_SAMPLES("inputs", inputs_, n_in, "inputs"),
                IF(wrong<>"", wrong, LET(
                    wrong_weights, GS_NN_WEIGHTS(spec, weights),
                    IF(wrong_weights<>"", wrong_weights,
                        GS_PASSED(spec, TOROW(weights), GS_AS_ROWS(inputs_, n_in)))))))))""",
    "NN_LOSS": f"""
        LAMBDA(inputs_, targets_, weights, network, {_NN}LET({_NN_READ}
                GS_CELLS(GS_LOSS(spec, flat, samples, wanted))))))""",
    "NN_GRAD": f"""
        LAMBDA(inputs_, targets_, weights, network, [weight], {_NN}LET({_NN_READ}
                asked, IF(ISOMITTED(weight), "", weight),
                every, GS_IS_LEFT_OUT(asked),
                place, IF(every, 0, GS_WEIGHT(asked, GS_ONLY_LEARNED(spec, GS_ALL_NAMES(spec)))),
                IF(ISTEXT(place), place, LET(
                    found, GS_CELLS(GS_ONLY_LEARNED(spec, GS_GRADIENT(spec, flat, samples, wanted))),
                    IF(OR(every, ISTEXT(GS_FIRST(found))), found, INDEX(HSTACK(found, 0), 1, place))))))))""",
    "NN_UPDATE": f"""
        LAMBDA(inputs_, targets_, weights, network, learning_rate_, [iterations], {_NN}LET({_NN_READ}
                asked, IF(ISOMITTED(iterations), "", iterations),
                wrong_count, IF(GS_IS_LEFT_OUT(asked), "", GS_COUNT("iterations", asked, {MAX_ROWS})),
                wrong_rate, GS_NUMBER("learning_rate", learning_rate_),
                IF(wrong_count<>"", wrong_count, IF(wrong_rate<>"", wrong_rate, GS_CELLS(TAKE(GS_LATER(spec, flat,
                    samples, wanted, SUM(learning_rate_), IF(GS_IS_LEFT_OUT(asked), 1, SUM(asked))), 1))))))))""",
    "NN_TABLE": f"""
        LAMBDA(inputs_, targets_, weights, network, learning_rate_, [iterations], [header], {_NN}LET({_NN_READ}
                GS_TABLE_OF(spec, flat, samples, wanted, learning_rate_, IF(ISOMITTED(iterations), "", iterations),
                    IF(ISOMITTED(header), "", header), TRUE)))))""",
    "NN_GRADCHECK": f"""
        LAMBDA(inputs_, targets_, weights, network, {_NN}LET({_NN_READ}
                GS_CELLS(GS_DIFFERENCE(spec, flat, samples, wanted))))))""",
}
PARTS = {
    "GS_PASSED": f"""
        # h1, a_h1, …, o1, a_o1, …, a row a sample
        LAMBDA(spec, flat, samples, LET(
            layers, ROWS(spec)-1,
            n_in, INDEX(spec, 1, 1),
            wrong, GS_WIDE(2*SUM(TAKE(INDEX(spec, 0, 2), layers)), {_SMALLER}),
            IF(wrong<>"", wrong, LET(
                passed, DROP(GS_FORWARD(spec, flat, samples), , n_in),
                GS_CELLS(GS_ALTERNATE(TAKE(passed, ROWS(samples)), DROP(passed, ROWS(samples))))))))""",
    "GS_TABLE_OF": f"""
        # the table with its header, after a look at the other arguments
        LAMBDA(spec, flat, samples, wanted, rate_, asked, head, most, LET(
            wrong, GS_NUMBER("learning_rate", rate_),
            wrong_head, IF(GS_IS_LEFT_OUT(head), "", GS_FLAG("header", head)),
            IF(wrong<>"", wrong, IF(wrong_head<>"", wrong_head, LET(
                with_head, IF(GS_IS_LEFT_OUT(head), TRUE, IF(ISLOGICAL(GS_FIRST(head)), GS_FIRST(head),
                    GS_FIRST(head)=1)),
                wrong_count, IF(GS_IS_LEFT_OUT(asked), "", GS_COUNT("iterations", asked, IF(most, {MAX_ROWS},
                    {MAX_ROWS}-with_head))),
                IF(wrong_count<>"", wrong_count, LET(
                    many, IF(GS_IS_LEFT_OUT(asked), {ITERATIONS}, SUM(asked)),
                    wrong_wide, GS_WIDE(GS_COLUMNS(spec), {_SMALLER}),
                    wrong_tall, GS_TALL(many*GS_BATCH(spec, samples)+with_head, "ask for fewer iterations"),
                    IF(wrong_wide<>"", wrong_wide, IF(wrong_tall<>"", wrong_tall, LET(
                        found, GS_CELLS(GS_TABLE(spec, flat, samples, wanted, SUM(rate_), many)),
                        IF(OR(NOT(with_head), ISTEXT(GS_FIRST(found))), found,
                            VSTACK(GS_HEADER(spec), found))))))))))))""",
}
