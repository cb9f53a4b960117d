"""What Python's re says of patterns: `python python-patterns.py` writes python-patterns.json beside itself. Made with Python 3.11."""
import json, os, re, sys, warnings
warnings.simplefilter("ignore")
texts = ["", "q", "Q", "encoder.block.0.layer.0.SelfAttention.q", "decoder.block.12.layer.1.EncDecAttention.k", "lm_head", "shared", "a", "b", "aa", "aaa", "ab", "aba", "[", "]", "x{2", "{", "a]b", "A1_", "-", "a:b", "\\", "a.b", "!", "[:alpha:]"]
patterns = ["q", ".*q", ".*\\.q$", r".*decoder\.block\.(\d+)\..*\.[kq]", r"(?i).*selfattention\.Q", r"(?i)(?s)q", r"(?ai)Q", r"(?u)q", r"q(?i)", r"(?i:Q)", r"(?i-s:Q)", r"(?P<idx>\d+)", r".*?\.(?P<idx>\d+)\.", r".*\.(?P<idx>\d+)\.", r"(?P<a>a)(?P=a)", r"(a)\1", r"(?=a)a", r"(?!b)a", r"(?<=a)b", r"(?<!a)b", r"(?>a)", r"(?#comment)a", r"(a)(?(1)b|c)", r"a{2}", r"a{,2}", r"a{2,}", r"a{,}", r"a{1,2}", r"x{2", r"{", r"a{2,1}", r"a++", r"a*+", r"a{2}+", r"a**", r"a*?", r"a{1,2}?", r"[[:alpha:]]", r"[[]", r"[]]", r"[^]]", r"[]a]+b?", r"[a-c]+", r"[c-a]", r"[\]\\]", r"[\b]", r"[\d_]", r"[\w.]+", r"\Aq\Z", r"q\Z", r"\bq\b", r"\x61", r"\u0061", r"\U00000061", r"\141", r"\0", r"\N{LATIN SMALL LETTER A}", r"\d", r"\D", r"\s", r"\S", r"\w+", r"\W", r"\z", r"\pL", r"\Q", r"\_", r"\!", r"\-", r"(", r")", "[", "*", r"a|b", r"(|a)+", r"(.*\.)?(SelfAttention.q)$", r"(^|.*\.)q($|\..*)", r"(^|.*\.)a|b($|\..*)", r"(?:a|b)+", r"(?x)a b", r"(?L)a", r"(?m)^a$", r"\\", r"a\.b", r"(?P<n>a", r"(?<n>a)", r"(?Pn>a)", r"()", r"(?i)", r"^$", r".", r"\.", r"((a)|b)*", r"[^\W\d]+", "é", "\\é", r"[\x61-\x63]+", r"[\a]"]
table = []
for pattern in patterns:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        table.append(dict(pattern=pattern, error=str(error)))
        continue
    matches = [None if (found := compiled.match(text)) is None else found.groupdict("") for text in texts]
    table.append(dict(pattern=pattern, full=[text for text in texts if compiled.fullmatch(text)], match=matches))
json.dump(dict(made="Python " + sys.version.split()[0], texts=texts, patterns=table), open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "python-patterns.json"), "w"), ensure_ascii=False, separators=(",", ":"))
