# unpack-wheel.py WHEEL DEPS: the shared libraries of a TensorFlow wheel and the C headers. Prints the nvidia
# packages that the wheel's extra "and-cuda" names, a line each.
import os, re, shutil, sys, zipfile

wheel, deps = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
names = set(wheel.namelist())


def put(name, to):
    os.makedirs(os.path.dirname(to), exist_ok=True)
    with wheel.open(name) as source, open(to, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 22)


# From 2.12 on the C interface has a library of its own; before it was in the Python extension.
whole = "tensorflow/libtensorflow_cc.so.2"
library = whole if whole in names else "tensorflow/python/_pywrap_tensorflow_internal.so"
for name in (library, "tensorflow/libtensorflow_framework.so.2"):
    put(name, f"{deps}/lib/{os.path.basename(name)}")
header = re.compile(r"tensorflow/include/((tensorflow/(c|tsl|core/platform)|tsl|xla/tsl)/.*\.h)$")
for name in names:
    found = header.match(name)
    if found:
        put(name, f"{deps}/include/{found[1]}")
metadata = wheel.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
for line in re.findall(r"^Requires-Dist: (nvidia-[^;]+);.*and-cuda", metadata, re.M):
    print(line.strip().replace(" ", ""))
