"""Header labels of hand-made sheets, read as the variables they mean: `∂E_T/∂W1` is grad_w1, `out_h1` is a_h1.

A label is normalised (NFKC, casefold, ∂ and δ to d, only letters and digits kept) and matched with the spellings that
were seen in public sheets and their obvious relatives.
"""

import re
import unicodedata
from functools import lru_cache

_TOTALS = "etot|etotal|et|e|totalerror|errortotal|toterror|error|totalloss|loss|totale|esum|l|j|cost|c|mse"
_ACTIVATED = "a|out|act|activation|output|sigmoid|sigma|σ|s|activated|y"
_GRADIENT = "d|g|grad|gradient|gradients|der|deriv|derivative|partial|partialderivative|slope"
_TOWARDS = "wrt|withrespectto|for|of|by|over|to|in"
_PATTERNS = tuple(
    (re.compile(f"(?:{pattern})"), name)
    for pattern, name in (
        (
            r"iterations?|i|itr|iter|iters|steps?|no|epochs?|sno|srno|slno|index|idx|n|number|iterationno|epochno|stepno|round|rounds",
            "iteration",
        ),
        (r"(?:t|target|targets|targeto|y|tar|tgt)(\d+)", "t{}"),
        (r"(?:i|input|inputs|x|in|inp)(\d+)", "i{}"),
        (r"(?:w|weight|weights|wt)(\d+)(?:old|new|value)?", "w{}"),
        (r"(?:b|bias|biases)(\d+)", "b{}"),
        (r"(?:b|bias)(h|o)(\d*)", "b_{}{}"),
        (r"b|bias", "b"),
        (r"(?:net|z|in|sum|neth|)h(\d+)(?:in|net)?", "h{}"),
        (rf"(?:{_ACTIVATED})h(\d+)", "a_h{}"),
        (r"h(\d+)(?:out|act|a)", "a_h{}"),
        (r"(?:net|z|in|sum|)[o0](\d+)(?:in|net)?", "o{}"),
        (rf"(?:{_ACTIVATED})[o0](\d+)", "a_o{}"),
        (r"o(\d+)(?:out|act|a)", "a_o{}"),
        (r"(?:e|eo|error|err|loss)(\d+)", "E{}"),
        (_TOTALS, "E_total"),
        (rf"d?(?:{_TOTALS})(?:{_TOWARDS})?(?:d|partial)?w(\d+)", "grad_w{}"),
        (rf"(?:{_GRADIENT})(?:of)?(?:{_TOTALS})?(?:{_TOWARDS})?(?:d|partial|weight)?w(\d+)", "grad_w{}"),
        (r"w(\d+)(?:grad|gradient)", "grad_w{}"),
        (rf"d?(?:{_TOTALS})(?:{_TOWARDS})?(?:d|partial)?(?:b|bias)(\d*)", "grad_b{}"),
        (rf"(?:{_GRADIENT})(?:of)?(?:{_TOTALS})?(?:{_TOWARDS})?(?:d|partial)?(?:b|bias)(\d*)", "grad_b{}"),
        (rf"d?(?:{_TOTALS})?(?:d|grad)(?:b|bias)(h|o)(\d*)", "grad_b_{}{}"),
    )
)
_RATE = re.compile(
    r"η|ɳ|ƞ|ͷ|ŋ|α|eta|alpha|h|n|lr|lrate|learningrate|learningratetheta|learningrateη|learningrateɳ|learningratelr|rate|neta"
)


# What people type for ∂, after case folding: δ, ∇, ∆, and letters that look like it.
_PARTIALS = dict.fromkeys(map(ord, "∂δẟ∇∆ðđəә"), "d")


@lru_cache(maxsize=4096)
def normalise(label: str) -> str:
    """The label's letters and digits in one spelling: `∂E_T/∂w1` gives detdw1."""
    folded = unicodedata.normalize("NFKC", label.replace("ϑ", "∂")).casefold().translate(_PARTIALS)
    return "".join(character for character in folded if character.isalnum())


@lru_cache(maxsize=4096)
def variable(label: str) -> str | None:
    """The variable a header label means, None where it is no label of this exercise."""
    if len(label) > 40:
        return None
    left, _, right = label.partition("=")  # a_h1 = σ(h1)
    plain = normalise(left if right.strip() and left.strip() else label)
    if plain == "":
        return "iteration" if label.strip() == "#" else None
    if plain.isdigit() and plain != label.strip():
        return None  # 01 may be o1, 0.1 is a number
    for pattern, name in _PATTERNS:
        match = pattern.fullmatch(plain)
        if match:
            numbers = [str(int(group)) if group and group.isdigit() else group for group in match.groups()]
            return name.format(*numbers)
    return None


def is_learning_rate(label: str) -> bool:
    """Whether a label names the learning rate (η, LR=, learning rate(theta), …)."""
    return len(label) <= 40 and _RATE.fullmatch(normalise(label)) is not None
