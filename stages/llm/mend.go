package llm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// keyAt finds a known field's name where a name can stand: after a brace, a
// comma or the end of a value.
var keyAt = func() *regexp.Regexp {
	var names []string
	for _, f := range fieldNames {
		names = append(names, f.aliases...)
	}
	return regexp.MustCompile(`"(` + strings.Join(names, "|") + `)"\s*:\s*`)
}()

// mendObject reads an object whose strings hold what JSON does not allow: bare
// quotes and line breaks, backslashes of LaTeX. It goes by the names of the
// fields: a value reaches from its colon to the next name. It never closes what
// is open: the object must end with its brace and every string with its quote.
func mendObject(s string) (object, Verdict, string) {
	start := strings.IndexByte(s, '{')
	if start < 0 || !strings.HasSuffix(strings.TrimSpace(s), "}") {
		return object{}, NotJSON, ""
	}
	s = strings.TrimSpace(s[start+1:])
	s = strings.TrimSpace(strings.TrimSuffix(s, "}"))

	type entry struct {
		name       string
		from, till int // of the value
	}
	var entries []entry
	for _, m := range keyAt.FindAllStringSubmatchIndex(s, -1) {
		before := strings.TrimRight(s[:m[0]], " \t\r\n")
		if before != "" && !strings.ContainsRune(`,"}]`, rune(before[len(before)-1])) && !endsScalar(before) {
			continue // inside a string
		}
		// What stands before the first known name is of no interest.
		if len(entries) > 0 {
			entries[len(entries)-1].till = m[0]
		}
		entries = append(entries, entry{s[m[2]:m[3]], m[1], len(s)})
	}
	if len(entries) == 0 {
		return object{}, NotJSON, ""
	}
	all := map[string]json.RawMessage{}
	var repairs []string
	for _, e := range entries {
		v := strings.TrimSpace(s[e.from:e.till])
		v = strings.TrimSpace(strings.TrimSuffix(v, ","))
		raw, mended, ok := mendValue(v)
		if !ok {
			return object{}, NotJSON, fmt.Sprintf("the answer is not a JSON object: the value of %q is not closed", e.name)
		}
		if mended {
			repairs = append(repairs, fmt.Sprintf("the string of %q is not JSON and is taken literally", e.name))
		}
		if old, dup := all[e.name]; dup && !sameJSON(old, raw) {
			return object{}, DuplicateKeys, fmt.Sprintf("%q is given twice, with different values", e.name)
		}
		all[e.name] = raw
	}
	o := named(all)
	o.repairs = repairs
	return o, "", ""
}

var scalarEnd = regexp.MustCompile(`:\s*(?:-?[0-9][0-9.eE+-]*|true|false|null)$`)

// endsScalar reports whether a number or word ends s, so that only a comma is
// missing before the next name.
func endsScalar(s string) bool { return scalarEnd.MatchString(s) }

// mendValue returns a value as valid JSON.
func mendValue(v string) (raw json.RawMessage, mended, ok bool) {
	if json.Valid([]byte(v)) {
		return json.RawMessage(v), false, true
	}
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' || strings.HasSuffix(v, `\"`) && !strings.HasSuffix(v, `\\"`) {
		return nil, false, false
	}
	b, err := json.Marshal(unescape(v[1 : len(v)-1]))
	return b, true, err == nil
}

// unescape undoes JSON's escapes and keeps what is none of them as it stands,
// such as the backslash of \cdot. An escape that damages LaTeX, such as \f of
// \frac, is undone like any other: what it leaves in a formula is then seen.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case '"', '\\', '/':
			b.WriteByte(s[i])
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			var r string
			if i+5 <= len(s) && json.Unmarshal([]byte(`"\`+s[i:i+5]+`"`), &r) == nil {
				b.WriteString(r)
				i += 4
				continue
			}
			b.WriteString(`\u`)
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
