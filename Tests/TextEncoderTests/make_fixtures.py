"""Makes Fixtures/sentences.json and Fixtures/vectors.safetensors with the real libraries.

    python3 -m venv v && v/bin/pip install tokenizers transformers torch safetensors
    v/bin/python Tests/TextEncoderTests/make_fixtures.py .deps/minilm

Ids come from Hugging Face `tokenizers`, cut at 256; vectors from `transformers`' BertModel in f32,
one text at a time without padding, mean over tokens, L2-normalised.
"""

import json
import pathlib
import random
import sys

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertModel

model_folder = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent / "Fixtures"

ORGANS = """pancreas|left kidney|right kidney|liver|spleen|gallbladder|aorta|inferior vena cava|stomach|
duodenum|urinary bladder|prostate|uterus|heart left ventricle|lung upper lobe left|trachea|oesophagus|
esophagus|adrenal gland|portal vein and splenic vein|vertebra L5|thoracic vertebra T12|rib left 7|femur|
hip joint|optic disc|cell nucleus|breast tumour|colon polyp|skin lesion|brain tumor|ventricles""".replace("\n", "").split("|")

DESCRIPTIONS = [
    "An elongated, lobulated gland about 15 cm long that lies across the posterior abdominal wall.",
    "It is bean-shaped, 10-12 cm long, with a smooth convex lateral border and a medial hilum.",
    "Homogeneous soft-tissue attenuation of 40 to 60 HU; enhances avidly in the arterial phase.",
    "On T2-weighted MR images the fluid is bright (hyperintense) and the wall is thin and dark.",
    "Lies on the patient's left, under the diaphragm, lateral to the stomach and above the kidney.",
    "Thin-walled, pear-shaped sac, 7–10 cm × 3–4 cm, filled with bile (0–20 HU).",
    "A dark, irregular spot with asymmetric borders & variegated colour, >6 mm in diameter.",
    "Round, basophilic, 5–10 µm across; stained blue-purple by haematoxylin.",
    "The aorta's diameter is normally < 3 cm; an aneurysm is ≥ 3 cm.",
    "Neighbours: duodenum (medially), splenic hilum (laterally), stomach (anteriorly), left kidney (behind).",
]

ODD = [
    "", " ", "   \t\n\r  ", "a", "A", ".", "...", "!!!???", "-", "--", "'", "don't", "it's", "rock'n'roll",
    "Hello, World!", "HELLO WORLD", "hElLo wOrLd", "e-mail@example.org", "https://example.org/a?b=c&d=%20",
    "C:\\Users\\x", "3.14159", "1,000,000", "1e-5", "10^6", "50%", "$100", "€5", "£3", "¥7", "#1", "a+b=c", "x<y>z",
    "a_b_c", "snake_case and camelCase", "~tilde~", "`code`", "|pipe|", "{braces} [brackets] (parens)",
    "[CLS]", "[SEP] text [PAD]", "a [MASK] b", "[UNK]", "[cls]", "[CLS", "text[SEP]text", "##ing", "[unused1]",
    "naïve café résumé", "NAÏVE CAFÉ RÉSUMÉ", "Ångström", "Å", "A\u030a", "\u212b", "über Straße", "STRASSE", "ẞ", "ß",
    "İstanbul", "ıstanbul", "Łódź", "Đà Nẵng", "smørrebrød", "þorn ðæ", "œuvre Œ", "ﬁne ﬂow ﬀ", "ﬃ", "Ǆ ǅ ǆ",
    "e\u0301 e\u0301\u0301", "\u0301 alone", "a\u0300\u0301\u0302\u0303b", "x\u20dd", "½ ¾ ²", "№ 5", "™ ® ©", "Ⅷ Ⅻ", "①②③",
    "胰腺", "左肾", "肝脏 liver", "liver肝脏", "中文和English混合", "日本語のテキスト", "カタカナ", "ひらがな", "ｶﾀｶﾅ", "ガ", "が",
    "한국어 텍스트", "한", "\u1112\u1161\u11ab", "Привет, мир", "ПОДЖЕЛУДОЧНАЯ", "ёлка Й й", "Ελληνικά", "ΣΑΣ", "άέή", "Όσο",
    "עברית", "שָׁלוֹם", "العربية", "مُحَمَّد", "हिन्दी", "தமிழ்", "ไทย ภาษา", "ქართული", "Հայերեն", "አማርኛ",
    "😀", "liver 😀 kidney", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "→ ← ↑", "∑ ∫ √", "α β γ δ", "β-cell", "µm", "μm", "Ω", "\u2126",
    "—em–en‐hyphen‑nb", "“quotes” ‘single’ «guillemets»", "…", "‹›", "¿qué? ¡sí!", "§ 5 ¶", "†‡", "•bullet·dot",
    "a\u00a0b", "a\u2003b", "a\u200bb", "a\u200db", "a\ufeffb", "a\u2028b\u2029c", "a\u3000b", "a\u0000b", "a\u0001b\u0007c",
    "a\u007fb", "a\u0085b", "a\ufffdb", "tab\there", "line\nbreak", "cr\r\nlf", "a\x0bb\x0cc", "\x1b[31mred", "soft\u00adhyphen",
    "\ue000private", "\U0001f9ff", "\U00020000", "\U0002b820", "\U0002b920", "\U0002f800", "豈", "\u3400", "々〆", "。、「」",
    "\U0001d400\U0001d401", "\u2e43\u2e52", "\u166d", "\u1805", "ⓐⓑ", "Ａ Ｂ Ｃ！", "ａｂｃ",
    "a" * 99, "a" * 100, "a" * 101, "é" * 100, "é" * 101, "xyz" * 40, "supercalifragilisticexpialidocious",
    "pneumonoultramicroscopicsilicovolcanoconiosis", "hepatosplenomegaly", "cholecystolithiasis",
    "sternocleidomastoid", "glomerulonephritis", "SCT:15776009", "T1w/T2w FLAIR DWI ADC", "HU=-1000..+3000", "2D/3D/4D",
    "the " * 253, "the " * 254, "the " * 255, "the " * 300, "unbelievably " * 200, "." * 400, "胰" * 300, "[SEP]" * 300,
    "kidney stone, " * 60, "x" * 101 + " y", "q" * 5000,
]


def fuzz(count: int) -> list[str]:
    generator = random.Random(20261121)
    ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x600, 0x6FF),
              (0x2000, 0x206F), (0x20A0, 0x22FF), (0x3040, 0x30FF), (0x4E00, 0x4EFF), (0xAC00, 0xACFF), (0x1F600, 0x1F64F)]
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(generator.randrange(3, 24)):
            low, high = generator.choice(ranges[:3] * 3 + ranges)
            parts.append(chr(generator.randint(low, high)))
            if generator.random() < 0.2:
                parts.append(generator.choice([" ", "  ", "ing ", "-", "tumor", "'s "]))
        texts.append("".join(parts))
    return texts


texts = list(dict.fromkeys(ORGANS + DESCRIPTIONS + ODD + fuzz(60) + [" ".join(DESCRIPTIONS * n) for n in (1, 2)]))
tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(256)
ids = [tokenizer.encode(text).ids for text in texts]

# Where all tokens of two texts are equal their vectors are too; very long ones are kept few for speed.
model = BertModel.from_pretrained(model_folder, add_pooling_layer=False).eval().float()
vectors = []
with torch.no_grad():
    for row in ids:
        hidden = model(input_ids=torch.tensor([row])).last_hidden_state[0]
        vectors.append(torch.nn.functional.normalize(hidden.mean(0), dim=0))

here.mkdir(exist_ok=True)
cases = [{"text": text, "ids": row} for text, row in zip(texts, ids)]
(here / "sentences.json").write_text(
    "[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
save_file({"vectors": torch.stack(vectors)}, here / "vectors.safetensors")
print(len(texts), "texts;", sum(map(len, ids)), "tokens")
