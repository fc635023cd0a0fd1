import torch

from trainer.model import MnistCNN, layer_rows, summary_text

# The published table: output and parameters of the layers that have parameters or change the shape.
PUBLISHED = [
    ("Conv2d-1", (16, 26, 26), 144), ("BatchNorm2d-3", (16, 26, 26), 32),
    ("Conv2d-5", (24, 24, 24), 3456), ("BatchNorm2d-7", (24, 24, 24), 48),
    ("Conv2d-9", (10, 24, 24), 240), ("MaxPool2d-10", (10, 12, 12), 0),
    ("Conv2d-11", (14, 10, 10), 1260), ("BatchNorm2d-13", (14, 10, 10), 28),
    ("Conv2d-15", (16, 8, 8), 2016), ("BatchNorm2d-17", (16, 8, 8), 32),
    ("Conv2d-19", (16, 6, 6), 2304), ("BatchNorm2d-21", (16, 6, 6), 32),
    ("AvgPool2d-23", (16, 1, 1), 0), ("Conv2d-24", (16, 1, 1), 256), ("Conv2d-25", (32, 1, 1), 512),
    ("Linear-26", (10,), 330),
]  # fmt: skip


def test_the_table_is_the_published_one():
    rows = layer_rows(MnistCNN())
    assert len(rows) == 26
    assert sum(row.params for row in rows) == 10_690
    assert [(r.name, r.shape, r.params) for r in rows if r.params or r.kind.endswith("Pool2d")] == PUBLISHED
    assert [row.kind for row in rows[:4]] == ["Conv2d", "ReLU", "BatchNorm2d", "Dropout"]
    assert sum(row.kind == "Dropout" for row in rows) == sum(row.kind == "ReLU" for row in rows) == 5


def test_all_parameters_are_trainable_and_the_table_leaves_the_model_alone():
    model = MnistCNN().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    text = summary_text(model)
    assert model.training and all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 10_690
    assert text.splitlines()[-1].endswith("10,690") and len(text.splitlines()) == 30


def test_the_output_is_a_log_probability():
    output = MnistCNN().eval()(torch.randn(5, 1, 28, 28))
    assert output.shape == (5, 10) and torch.allclose(output.exp().sum(1), torch.ones(5), atol=1e-5)
