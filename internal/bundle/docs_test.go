package bundle

import (
	"os"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/cryptostream/lakectl/internal/target"
)

var exampleTargets = regexp.MustCompile("(?s)`targets/(\\w+)\\.yaml`.*?```yaml\n(.*?)```")

// TestDocumentedTargets resolves the targets that docs/databricks.md gives as examples, and makes them.
func TestDocumentedTargets(t *testing.T) {
	text, err := os.ReadFile("../../docs/databricks.md")
	if err != nil {
		t.Fatal(err)
	}
	found := exampleTargets.FindAllSubmatch(text, -1)
	if len(found) != 2 {
		t.Fatalf("%d examples", len(found))
	}
	for _, one := range found {
		name := string(one[1])
		set, err := target.Load(fstest.MapFS{name + ".yaml": {Data: one[2]}})
		if err != nil {
			t.Fatal(err)
		}
		to, err := set.Resolve(name, target.Variables{User: jane, Env: func(string) (string, bool) { return "b.example.com:9092", true }})
		if err != nil {
			t.Fatal(err)
		}
		all := resources(t, to)
		if problems := Check(to, all, Known{}); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
