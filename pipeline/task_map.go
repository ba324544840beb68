package pipeline

// Map returns a map setting, nil when it is absent.
func (t *Task) Map(name string) map[string]string {
	v, ok := t.settings[name]
	if !ok || v.IsNull() {
		return nil
	}
	m := make(map[string]string, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		m[k.AsString()] = e.AsString()
	}
	return m
}
