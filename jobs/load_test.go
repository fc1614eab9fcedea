package jobs
import "testing"
func TestX(t *testing.T){ l,err:=Load(embedded); if err!=nil {t.Fatal("\n"+err.Error())}; for _,j:=range l.Jobs { t.Log(j.Name, j.Fingerprint(), j.WatermarkOn(), len(j.Steps)) }; t.Log(l.Views[0].Name); t.Log(l.Jobs[1].Steps[1].SQL) }
