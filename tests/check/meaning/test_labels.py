"""The spellings of header labels that public sheets have, and what must not be taken for one."""

import pytest

from xlfuncs.labels import is_learning_rate, variable

SPELLINGS = {
    "a_h1": "a_h1|out_h1|act_h1|a_H1|σ(h1)|out h1|h1_out|a_h₁|a_h1 = σ(h1)",
    "a_o2": "a_O2|out_o2|act_o2|a_02|outO2|o2 (out)",
    "h2": "h2|H2|net_h2|z_h2|in_h2|h₂",
    "o1": "o1|O1|net_o1|in_o1",
    "E_total": "E_tot|E_total|E Total|Etotal|E_T|Error|Total Error|∑E|E",
    "grad_w1": "∂E/∂w1|∂E∂W1|E∂w1|Edw1|dE_total/dw1|δE_tot/δw1|∂ET/∂w1|∂E_T/∂w1|dw1|𝜕E/𝜕w1|ΔE/Δw1|∇w1|∂Error/∂w1"
    "|ðE/ðw1|đE/đw1|əE/əw1|ϑE/ϑw1|∆E/∆w1|∆w1|Δw1|Gradient w.r.t. w1|Gradient wrt w1|Gradient of E w.r.t. w1|grad w1|grad(w1)"
    "|Grad_W1|gradient w1|dE by dw1|partial E/partial w1|derivative of E for w1|w1 gradient|slope w1",
    "grad_w12": "∂E/∂w12|dE/dw₁₂",
    "iteration": "Iteration|Step|No|epoch|Iter|#|S.No|Epoch No",
    "t1": "t1|T1|target1|Target 1|t_1",
    "i1": "i1|I1|x1|input 1|i_1",
    "w1": "w1|W1|w_1|weight1|w₁",
    "E1": "E1|E_1|e1|Error 1|E1=½(t1-a_o1)²",
    "b1": "b1|bias1|B1",
    "b": "b|bias|B|Bias",
    "grad_b2": "∂E/∂b2|dE_total/db2|Gradient w.r.t. b2|grad b2|ðE/ðb2",
    "grad_b": "∂E/∂b|db|grad bias|Gradient w.r.t. b",
    "grad_b_h": "∂E/∂b_h|dbh",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name):
    assert {label: variable(label) for label in SPELLINGS[name].split("|")} == dict.fromkeys(
        SPELLINGS[name].split("|"), name
    )


@pytest.mark.parametrize(
    "label",
    [
        "",
        "   ",
        "η",
        "learning rate",
        "name",
        "0.05",
        "h",
        "Forward pass",
        "w",
        "Gradient",
        "w.r.t. w1",
        "ð",
        "E1 + E2",
        "x" * 5000,
    ],
)
def test_other_texts(label):
    assert variable(label) is None


def test_learning_rates():
    labels = "η|ɳ|ͷ|α|eta|h|LR|L.R|LR=|learningRate=|learning rate(theta)|Learning Rate (η)|η =|Alpha"
    assert all(is_learning_rate(label) for label in labels.split("|"))
    assert not any(is_learning_rate(label) for label in ("E_total", "w1", "rating", "h1"))
