package local_test
import ("testing";"os/exec";"time";"fmt";"github.com/cryptostream/lakectl/internal/local/localtest")
func TestSmoke(t *testing.T){
 t0:=time.Now(); localtest.Runtime(t); fmt.Println("fetch",time.Since(t0)); t0=time.Now()
 r:=localtest.Stack(t); fmt.Println("up",time.Since(t0), r.Kafka.Addr,r.Kafka.ClusterID, r.Spark.Remote)
 out,_:=exec.Command("sh","-c","ss -ltnp | grep -E 'pid=("+fmt.Sprint(r.Kafka.PID(),"|",r.Spark.PID())[0:]+")'; ps -o pid,rss,args -p "+fmt.Sprint(r.Kafka.PID())+","+fmt.Sprint(r.Spark.PID())+"; find "+r.DataDir+" -not -path '*/data/__*' | xargs ls -ld; cat "+r.DataDir+"/logs/*").CombinedOutput()
 fmt.Println(string(out)); t0=time.Now()
 t.Cleanup(func(){fmt.Println("stopping")})
}
