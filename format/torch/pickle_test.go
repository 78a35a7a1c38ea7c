package torch_test

import (
	"fmt"
	"strings"
	"testing"
)

// Pickles by hand, with what Python's pickle.loads makes of them, or the calls that it would make.
func TestPickles(t *testing.T) {
	for _, test := range []struct{ name, pickle, want, calls string }{
		{"string of protocol 0", `S'a\x41\n\'"'` + "\n.", `="aA\n'\""`, ""},
		{"string in double quotes", `S"it's"` + "\n.", `="it's"`, ""},
		{"string of Python 2", "U\x03abc.", `="abc"`, ""},
		{"long string of Python 2", "T\x03\x00\x00\x00abc.", `="abc"`, ""},
		{"Unicode of protocol 0", "V\\u20ac \\U0001f600 \xe9 \\x\n.", `="€ 😀 é \\x"`, ""},
		{"short Unicode", "\x8c\x02\xc3\xa9.", `="é"`, ""},
		{"long Unicode", "\x8d\x02\x00\x00\x00\x00\x00\x00\x00\xc3\xa9.", `="é"`, ""},
		{"bytes", "(B\x01\x00\x00\x00aC\x01b\x8e\x01\x00\x00\x00\x00\x00\x00\x00ct.", "0=[97] 1=[98] 2=[99]", ""},
		{"bytearray", "\x96\x01\x00\x00\x00\x00\x00\x00\x00a.", "=[97]", ""},
		{"integers of protocol 0", "(I-5\nL-6L\nI01\nI00\nL123456789012345678901234567890L\nt.",
			"0=-5 1=-6 2=true 3=false 4=123456789012345678901234567890", ""},
		{"floats of protocol 0", "(F1.5\nFinf\nF-inf\nt.", "0=1.5 1=+Inf 2=-Inf", ""},
		{"integers", "(J\xfe\xff\xff\xffK\xffM\xff\xff\x8a\x01\xfe\x8a\x00\x8b\x01\x00\x00\x00\x80\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80t.",
			"0=-2 1=255 2=65535 3=-2 4=0 5=-128 6=-9223372036854775808", ""},
		{"negative big integer", "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\xfe.", "=-18446744073709551617", ""},
		{"memo of protocol 0", "(lp0\nI1\nag0\n0(g0\ng0\nt.", "0.0=1 1.0=1", ""},
		{"long memo", "Nr\x00\x01\x00\x00j\x00\x01\x00\x00\x86.", "0=<nil> 1=<nil>", ""},
		{"memoize", "\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x01\x94h\x00\x86.", "0=1 1=1", ""},
		{"list and dict of protocol 0", "(I1\n(lI2\na(dI3\nI4\nst.", "0=1 1.0=2 2.3=4", ""},
		{"dict of pairs", "(K\x01K\x02d.", "1=2", ""},
		{"last value of a key", "}(K\x01K\x02K\x03K\x04K\x01K\x05u.", "1=5 3=4", ""},
		{"keys", "}(NK\x01\x88K\x02G\x3f\xf8\x00\x00\x00\x00\x00\x00K\x03C\x01bK\x04K\x01K\x02\x86K\x05\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01K\x06u.",
			"None=1 True=2 1.5=3 b=4 (1, 2)=5 18446744073709551616=6", ""},
		{"sets", "(\x8f(K\x01K\x02\x90(K\x03\x91c__builtin__\nset\n]K\x04a\x85Rc__builtin__\nfrozenset\n(K\x05t\x85Rcbuiltins\nset\n)Rt.",
			"0.0=1 0.1=2 1.0=3 2.0=4 3.0=5", ""},
		{"pops", "K\x01K\x020(K\x03(00(K\x0410\x85.", "0=1", ""},
		{"empty values", "(cbuiltins\nlist\n)Rcbuiltins\ndict\n)Rccollections\nCounter\n)RK\x07t.", "3=7", ""},
		{"a pair twice", "K\x012\x86.", "0=1 1=1", ""},
		{"ordered dict of Python 2", "ccollections\nOrderedDict\n(](](U\x01aK\x01e](U\x01bK\x02eetR.", "a=1 b=2", ""},
		{"ordered dict of tuples", "ccollections\nOrderedDict\n](U\x01aK\x01\x86U\x01bK\x02\x86e\x85R.", "a=1 b=2", ""},
		{"default dict", "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RK\x01K\x02s.", "1=2", ""},
		{"counter", "ccollections\nCounter\n}K\x01K\x02s\x85R.", "1=2", ""},
		{"complex", "c__builtin__\ncomplex\nG\x3f\xf8\x00\x00\x00\x00\x00\x00G\xc0\x00\x00\x00\x00\x00\x00\x00\x86R.", "=(1.5-2i)", ""},
		{"bytes of protocol 2", "c_codecs\nencode\nX\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1\x86R.", "=[97 255]", ""},
		{"bytearray of protocol 2", "c__builtin__\nbytearray\nC\x01a\x85R.", "=[97]", ""},
		{"no bytes", "cbuiltins\nbytes\n)R.", "=[]", ""},
		{"global by the stack", "\x8c\x05torch\x8c\x04Size\x93(K\x01K\x02t\x85R.", "0=1 1=2", ""},
		{"new object of a plain class", "ccollections\nOrderedDict\n)\x81K\x01K\x02s.", "1=2", ""},
		{"new object with no names", "ccollections\nOrderedDict\n)}\x92K\x01K\x02s.", "1=2", ""},
		{"attributes of an ordered dict", "ccollections\nOrderedDict\n)R}U\x01aK\x01sbK\x01K\x02s.", "1=2", ""},

		{"instance of protocol 0", "(K\x01iargparse\nNamespace\n.", "", "argparse.Namespace(1)"},
		{"object of protocol 1", "(cargparse\nNamespace\nK\x01o.", "", "argparse.Namespace(1)"},
		{"names of arguments", "cargparse\nNamespace\n)}X\x01\x00\x00\x00aK\x01s\x92.", "", `argparse.Namespace((), {"a": 1})`},
		{"state", "(cargparse\nNamespace\n)\x81}(U\x02lrG\x3f\xf8\x00\x00\x00\x00\x00\x00ubK\x07t.", "1=7",
			`argparse.Namespace() argparse.Namespace.__setstate__({"lr": 1.5})`},
		{"items of an object", "ca\nb\n)RK\x01K\x02sK\x03a(K\x04e.", "", "a.b() a.b.__setitem__(1, 2) a.b.extend(3) a.b.extend(4)"},
		{"call of a result", "ca\nb\n)R(K\x01tR.", "", "a.b() a.b(1)"},
		{"call of a string", "U\x01a)R.", "", `"a"()`},
		{"arguments that are no tuple", "ca\nb\nK\x01R.", "", "a.b1"},
		{"key that a call makes", "}ca\nb\n)RK\x01s.", "", "a.b()"},
		{"plain functions of other arguments", "(c_codecs\nencode\nU\x01aU\x04utf8\x86Rcbuiltins\nset\nK\x01\x85Rcbuiltins\ncomplex\n)R" +
			"cbuiltins\nbytes\nK\x05\x85Rccollections\nOrderedDict\nK\x05\x85Rccollections\nCounter\nK\x05\x85Rctorch\nSize\n)Rctorch\ndevice\n)Rt.", "",
			`_codecs.encode("a", "utf8") builtins.set(1) builtins.complex() builtins.bytes(5) ` +
				`collections.OrderedDict(5) collections.Counter(5) torch.Size() torch.device()`},
		{"printed", "ca\nb\n(N\x88\x89G\x3f\xf8\x00\x00\x00\x00\x00\x00C\x01x]K\x01a}K\x01K\x02s(K\x03\x91ca\nb\n(((((ttttttR.", "",
			`a.b(None, True, False, 1.5, b"x", [1], {1: 2}, {3}, a.b, (((…))))`},
		{"evaluation in a shell of types", "ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\nU\x02ls\x85}tR.", "",
			`torch._tensor._rebuild_from_type_v2(os.system, torch.Tensor, ("ls"), {})`},
		{"type that is not known", "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nca\nb\n)}tR.", "",
			`torch._tensor._rebuild_from_type_v2(torch._utils._rebuild_tensor_v2, a.b, (), {})`},
		{"parameter of an object", "ctorch._utils\n_rebuild_parameter\n(ca\nb\n)R\x88}tR.", "", "a.b() torch._utils._rebuild_parameter(<a.b>, True, {})"},
		{"tensor on an object", "ctorch._utils\n_rebuild_tensor_v2\n(ca\nb\n)RK\x00))\x89}tR.", "", "a.b() torch._utils._rebuild_tensor_v2(<a.b>, 0, (), (), False, {})"},
		{"NumPy type that is not read", "cnumpy\ndtype\n(U\x02O8\x89\x88tR.", "", `numpy.dtype("O8", False, True)`},
		{"class of a module", "(U\x06moduleca\nb\nNNtQ.", "", ""},
	} {
		f := open(t, legacy(test.pickle, "\x80\x02]."))
		var got, calls []string
		for name, v := range f.Scalars() {
			if s, ok := v.(string); ok {
				v = fmt.Sprintf("%q", s)
			}
			got = append(got, fmt.Sprintf("%s=%v", name, v))
		}
		for _, c := range f.Calls {
			calls = append(calls, c.Function+c.Arguments)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: scalars %s, want %s", test.name, s, test.want)
		}
		if s := strings.Join(calls, " "); s != test.calls {
			t.Errorf("%s: calls %s, want %s", test.name, s, test.calls)
		}
	}
}
