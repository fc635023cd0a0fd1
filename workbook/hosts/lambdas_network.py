"""LAMBDAs that compute any network: forward, error, gradients, the next weights, the table.

Samples are rows. GS_FORWARD's result has two blocks of rows, the sums and the activations; its columns are the units of
all layers, inputs first. `state` has the weights in its first row, an optimizer's memory in those below.
"""

from workbook.hosts import lambdas_formulas as formulas
from xlfuncs.columns import MANY_OUTPUTS

NETWORK = {
    "GS_PART": "LAMBDA(flat, begin, many, TAKE(DROP(HSTACK(0, flat), , begin+1), 1, many))",
    "GS_WEIGHTS": """
        # a layer's matrix, a row a unit
        LAMBDA(spec, flat, k, WRAPROWS(GS_PART(flat, INDEX(spec, k, 3), INDEX(spec, k, 1)*INDEX(spec, k, 2)),
            INDEX(spec, k, 1)))""",
    "GS_BIAS": """
        # what is added to a layer's sums
        LAMBDA(spec, flat, k, LET(many, INDEX(spec, k, 4), IF(many=0, 0,
            GS_PART(flat, INDEX(spec, k, 3)+INDEX(spec, k, 1)*INDEX(spec, k, 2), many))))""",
    "GS_ONES": "LAMBDA(tall, wide, SEQUENCE(tall, wide, 1, 0))",
    "GS_SHARES": """
        LAMBDA(sums, LET(powers, EXP(sums-BYROW(sums, LAMBDA(line, MAX(line)))),
            powers/MMULT(powers, GS_ONES(COLUMNS(sums), 1))))""",
    "GS_ACTIVATE": f"LAMBDA(activation, sums, {formulas.each_activation()})",
    "GS_BACK": f"LAMBDA(activation, reaching, sums, outs, {formulas.each_back()})",
    "GS_OUTPUT": f"""
        LAMBDA(loss, activation, wanted, sums, outs, LET(found, {formulas.each_output()},
            found/{formulas.shared_by()}))""",
    "GS_ERRORS": f"""
        # each output's error and E_total
        LAMBDA(loss, wanted, outs, LET(
            each, MAP(wanted, outs, LAMBDA(want, out, {formulas.each_error()})),
            HSTACK(each, MMULT(each, GS_ONES(COLUMNS(each), 1))/{formulas.shared_by()})))""",
    "GS_FORWARD": """
        LAMBDA(spec, flat, samples, REDUCE(VSTACK(samples, samples), SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, LET(
            many, ROWS(samples),
            source, TAKE(DROP(so_far, many), many, -INDEX(spec, k, 1)),
            sums, MMULT(source, TRANSPOSE(GS_WEIGHTS(spec, flat, k)))+GS_BIAS(spec, flat, k),
            HSTACK(so_far, VSTACK(sums, GS_ACTIVATE(INDEX(spec, k, 5), sums)))))))""",
    "GS_UNITS": """
        # the columns of a layer's units; `half` 1 their sums, 2 their activations; layer 0 is the inputs
        LAMBDA(spec, passed, half, k, LET(
            many, ROWS(passed)/2,
            block, IF(half=1, TAKE(passed, many), DROP(passed, many)),
            IF(k=0, TAKE(block, many, INDEX(spec, 1, 1)),
                TAKE(DROP(block, , INDEX(spec, k, 6)+INDEX(spec, k, 1)), many, INDEX(spec, k, 2)))))""",
    "GS_BACKWARD": """
        # the error's derivative by each unit's sum, layer by layer
        LAMBDA(spec, flat, wanted, passed, LET(
            layers, ROWS(spec)-1,
            many, ROWS(wanted),
            last, GS_OUTPUT(INDEX(spec, layers+1, 1), INDEX(spec, layers, 5), wanted, GS_UNITS(spec, passed, 1, layers),
                GS_UNITS(spec, passed, 2, layers)),
            IF(layers=1, last, REDUCE(last, SEQUENCE(layers-1, 1, layers-1, -1), LAMBDA(so_far, k, LET(
                reaching, MMULT(TAKE(so_far, many, INDEX(spec, k+1, 2)), GS_WEIGHTS(spec, flat, k+1)),
                HSTACK(GS_BACK(INDEX(spec, k, 5), reaching, GS_UNITS(spec, passed, 1, k), GS_UNITS(spec, passed, 2, k)),
                    so_far)))))))""",
    "GS_OF_LAYER": """
        # a layer's columns among those of GS_BACKWARD
        LAMBDA(spec, deltas, k, TAKE(DROP(HSTACK(GS_ONES(ROWS(deltas), 1), deltas), ,
            INDEX(spec, k, 6)+INDEX(spec, k, 1)-INDEX(spec, 1, 1)+1), ROWS(deltas), INDEX(spec, k, 2)))""",
    "GS_GRADIENTS": """
        # a row a sample, a column a weight or bias; 0 for fixed biases
        LAMBDA(spec, flat, wanted, passed, LET(
            deltas, GS_BACKWARD(spec, flat, wanted, passed),
            many, ROWS(wanted),
            DROP(REDUCE(GS_ONES(many, 1), SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, LET(
                ins, INDEX(spec, k, 1),
                units, INDEX(spec, k, 2),
                added, INDEX(spec, k, 4),
                own, GS_OF_LAYER(spec, deltas, k),
                source, GS_UNITS(spec, passed, 2, k-1),
                places, SEQUENCE(1, ins*units)-1,
                by_weight, IF(many=1, TOROW(TRANSPOSE(own)*source),
                    MMULT(own, IF(INT(places/ins)+1-SEQUENCE(units)=0, 1, 0))*
                    MMULT(source, IF(places-ins*INT(places/ins)+1-SEQUENCE(ins)=0, 1, 0))),
                with_weight, HSTACK(so_far, by_weight),
                IF(added=0, with_weight, HSTACK(with_weight, IF(INDEX(spec, ROWS(spec), 5)<0, GS_ONES(many, added)*0,
                    IF(AND(added=1, units>1), MMULT(own, GS_ONES(units, 1)), own))))))), , 1)))""",
    "GS_MEAN": """
        # the mean of the rows
        LAMBDA(rows_, IF(ROWS(rows_)=1, rows_, MMULT(GS_ONES(1, ROWS(rows_)), rows_)/ROWS(rows_)))""",
    "GS_LEARNED": """
        # 1 for what is learned, 0 for fixed biases
        LAMBDA(spec, IF(INDEX(spec, ROWS(spec), 5)>0, GS_ONES(1, INDEX(spec, ROWS(spec), 6)),
            DROP(REDUCE(0, SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, HSTACK(so_far,
                GS_ONES(1, INDEX(spec, k, 1)*INDEX(spec, k, 2)), GS_ONES(1, INDEX(spec, k, 4))*0))), , 1)))""",
    "GS_ONLY_LEARNED": """
        LAMBDA(spec, cells, IF(INDEX(spec, ROWS(spec), 5)>0, cells, FILTER(cells, GS_LEARNED(spec))))""",
    "GS_GRADIENT": """
        # the gradients' mean over the samples
        LAMBDA(spec, flat, samples, wanted, GS_MEAN(GS_GRADIENTS(spec, flat, wanted, GS_FORWARD(spec, flat,
            samples))))""",
    "GS_STEP": f"""
        # the optimizer's step from the state and the gradient
        LAMBDA(spec, state, gradient_, speed, iteration, LET(
            optimizer, INDEX(spec, ROWS(spec), 2),
            decay, INDEX(spec, ROWS(spec), 3),
            weights_, TAKE(state, 1),
            gradient, IF(decay=0, gradient_, gradient_+decay*weights_*GS_LEARNED(spec)),
            {formulas.next_state()}))""",
    "GS_START": f"""
        # the state before the first iteration
        LAMBDA(spec, flat, LET(memory, INDEX({formulas.memory()}, 1, INDEX(spec, ROWS(spec), 2)),
            IF(memory=0, flat, VSTACK(flat, GS_ONES(memory, COLUMNS(flat))*0))))""",
    "GS_BATCH": """
        # how many samples an iteration takes
        LAMBDA(spec, samples, LET(batch, INDEX(spec, ROWS(spec), 4), IF(batch=0, ROWS(samples), MIN(batch,
            ROWS(samples)))))""",
    "GS_BLOCK": """
        # the samples of an iteration, in turn
        LAMBDA(spec, samples, iteration, LET(batch, GS_BATCH(spec, samples), IF(batch=ROWS(samples), samples,
            TAKE(DROP(VSTACK(TAKE(samples, 1), samples, samples), MOD((iteration-1)*batch, ROWS(samples))+1),
                batch))))""",
    "GS_LATER": """
        # the state after so many iterations
        LAMBDA(spec, flat, samples, wanted, speed, iterations_, REDUCE(GS_START(spec, flat), SEQUENCE(iterations_),
            LAMBDA(state, k, GS_STEP(spec, state, GS_GRADIENT(spec, TAKE(state, 1), GS_BLOCK(spec, samples, k),
                GS_BLOCK(spec, wanted, k)), speed, k+1))))""",
    "GS_ALTERNATE": """
        # h1, a_h1, h2, a_h2, …
        LAMBDA(sums, outs, WRAPROWS(TOROW(HSTACK(TOCOL(sums), TOCOL(outs))), 2*COLUMNS(sums)))""",
    "GS_DOWN": "LAMBDA(line, many, IF(SEQUENCE(many)>0, line))",
    "GS_DELTAS": f"""
        # how many layers, from the last on, have columns for ∂E_total/∂(sum)
        LAMBDA(spec, LET(layers, ROWS(spec)-1, IF(layers>2, layers,
            IF(AND(INDEX(spec, layers, 5)={formulas.SOFTMAX}, INDEX(spec, layers, 2)>={MANY_OUTPUTS}), 1, 0))))""",
    "GS_ROWS": """
        # an iteration's rows of the table, behind the state that it leads to
        LAMBDA(spec, state, block, wanted, speed, iteration, LET(
            flat, TAKE(state, 1),
            many, ROWS(block),
            layers, ROWS(spec)-1,
            passed, GS_FORWARD(spec, flat, block),
            deltas, GS_BACKWARD(spec, flat, wanted, passed),
            gradients_, GS_GRADIENTS(spec, flat, wanted, passed),
            left_part, REDUCE(HSTACK(GS_ONES(many, 1)*iteration, wanted, block), SEQUENCE(layers), LAMBDA(so_far, k,
                HSTACK(so_far, GS_DOWN(GS_PART(flat, INDEX(spec, k, 3),
                    INDEX(spec, k, 1)*INDEX(spec, k, 2)+INDEX(spec, k, 4)), many),
                    GS_ALTERNATE(GS_UNITS(spec, passed, 1, k), GS_UNITS(spec, passed, 2, k))))),
            with_errors, HSTACK(left_part, GS_ERRORS(INDEX(spec, layers+1, 1), wanted, GS_UNITS(spec, passed, 2,
                layers))),
            with_deltas, IF(GS_DELTAS(spec)=0, with_errors, REDUCE(with_errors,
                SEQUENCE(GS_DELTAS(spec), 1, layers, -1),
                LAMBDA(so_far, k, HSTACK(so_far, GS_OF_LAYER(spec, deltas, k))))),
            shown, HSTACK(with_deltas, GS_ONLY_LEARNED(spec, gradients_)),
            memory, IF(ROWS(state)=1, shown, HSTACK(shown,
                GS_DOWN(TOROW(GS_ONLY_LEARNED(spec, DROP(state, 1)), , TRUE), many))),
            HSTACK(GS_DOWN(TOROW(GS_STEP(spec, state, GS_MEAN(gradients_), speed, iteration+1)), many), memory)))""",
    "GS_COLUMNS": f"""
        # how many columns the table has
        LAMBDA(spec, LET(
            layers, ROWS(spec)-1,
            ins, INDEX(spec, 1, 1),
            outputs_, INDEX(spec, layers, 2),
            units, SUM(TAKE(INDEX(spec, 0, 2), layers)),
            learned, SUM(GS_LEARNED(spec)),
            all, INDEX(spec, layers+1, 6),
            1+ins+outputs_+2*units+outputs_+1+IF(layers>2, units, GS_DELTAS(spec)*outputs_)+all+
                (1+INDEX({formulas.memory()}, 1, INDEX(spec, layers+1, 2)))*learned))""",
    "GS_TABLE": """
        # all rows; in blocks, since each VSTACK copies what is there
        LAMBDA(spec, flat, samples, wanted, speed, iterations_, LET(
            start, GS_START(spec, flat),
            hidden_, ROWS(start)*COLUMNS(start),
            first, EXPAND(TOROW(start), 1, hidden_+GS_COLUMNS(spec), 0),
            at_once, INT(SQRT(iterations_))+1,
            many, GS_BATCH(spec, samples),
            found, REDUCE(first, SEQUENCE(INT((iterations_-1)/at_once)+1), LAMBDA(so_far, part, LET(
                past, (part-1)*at_once,
                VSTACK(so_far, DROP(REDUCE(TAKE(so_far, -1), SEQUENCE(MIN(at_once, iterations_-past), 1, past+1),
                    LAMBDA(inner, k, LET(
                        state, WRAPROWS(TAKE(TAKE(inner, -1), 1, hidden_), COLUMNS(flat)),
                        VSTACK(inner, GS_ROWS(spec, state, GS_BLOCK(spec, samples, k), GS_BLOCK(spec, wanted, k),
                            speed, k))))), 1))))),
            DROP(DROP(found, 1), , hidden_)))""",
    "GS_NAMES": """
        # w1, w2, …, b1, … in the order of the columns
        LAMBDA(spec, TAKE(REDUCE(HSTACK("", 0, 0), SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, LET(
            weights_, INDEX(so_far, 1, COLUMNS(so_far)-1),
            biases, INDEX(so_far, 1, COLUMNS(so_far)),
            many, INDEX(spec, k, 1)*INDEX(spec, k, 2),
            added, INDEX(spec, k, 4),
            before, TAKE(so_far, 1, COLUMNS(so_far)-2),
            own, HSTACK(before, "w"&SEQUENCE(1, many, weights_+1)),
            HSTACK(IF(added=0, own, HSTACK(own, "b"&SEQUENCE(1, added, biases+1))), weights_+many, biases+added)))),
            1, -INDEX(spec, ROWS(spec), 6)-2))""",
    "GS_ALL_NAMES": "LAMBDA(spec, DROP(GS_NAMES(spec), , -2))",
    "GS_SYMBOL": """
        LAMBDA(spec, k, IF(k=ROWS(spec)-1, "o", IF(ROWS(spec)=3, "h", "h"&k&"_")))""",
    "GS_HEADER": f"""
        LAMBDA(spec, LET(
            layers, ROWS(spec)-1,
            names, GS_ALL_NAMES(spec),
            learned, GS_ONLY_LEARNED(spec, names),
            outputs_, SEQUENCE(1, INDEX(spec, layers, 2)),
            left_part, REDUCE(HSTACK("Iteration", "t"&outputs_, "i"&SEQUENCE(1, INDEX(spec, 1, 1))), SEQUENCE(layers),
                LAMBDA(so_far, k, LET(units, GS_SYMBOL(spec, k)&SEQUENCE(1, INDEX(spec, k, 2)), HSTACK(so_far,
                    GS_PART(names, INDEX(spec, k, 3), INDEX(spec, k, 1)*INDEX(spec, k, 2)+INDEX(spec, k, 4)),
                    GS_ALTERNATE(units, "a_"&units))))),
            with_errors, HSTACK(left_part, "E"&outputs_, "E_total"),
            with_deltas, IF(GS_DELTAS(spec)=0, with_errors, REDUCE(with_errors,
                SEQUENCE(GS_DELTAS(spec), 1, layers, -1),
                LAMBDA(so_far, k,
                HSTACK(so_far, "∂E/∂"&GS_SYMBOL(spec, k)&SEQUENCE(1, INDEX(spec, k, 2)))))),
            shown, HSTACK(with_deltas, "∂E/∂"&learned),
            {formulas.states()}))""",
    "GS_LOSS": """
        LAMBDA(spec, flat, samples, wanted, GS_ERRORS(INDEX(spec, ROWS(spec), 1), wanted,
            GS_UNITS(spec, GS_FORWARD(spec, flat, samples), 2, ROWS(spec)-1)))""",
    "GS_TOTAL": """
        # the mean of E_total over the samples
        LAMBDA(spec, flat, samples, wanted, SUM(TAKE(GS_LOSS(spec, flat, samples, wanted), ROWS(samples),
            -1))/ROWS(samples))""",
    "GS_DIFFERENCE": """
        LAMBDA(spec, flat, samples, wanted, LET(
            found, GS_ONLY_LEARNED(spec, GS_GRADIENT(spec, flat, samples, wanted)),
            places, GS_ONLY_LEARNED(spec, SEQUENCE(1, COLUMNS(flat))),
            MAX(MAP(found, places, LAMBDA(gradient, place, LET(
                shift, IF(SEQUENCE(1, COLUMNS(flat))=place, 0.00001, 0),
                ABS((GS_TOTAL(spec, flat+shift, samples, wanted)-GS_TOTAL(spec, flat-shift, samples, wanted))/0.00002
                    -gradient)))))))""",
}
