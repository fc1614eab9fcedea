package jobs
import ("testing";"encoding/json";"os")
func TestDump(t *testing.T){ l,err:=Load(os.DirFS(".")); if err!=nil{t.Fatal(err)}; b,_:=json.Marshal(l); os.WriteFile("/tmp/jobsprobe/lake.json",b,0o644)}
