// Starts the Spark Connect server. Its own main class would make every session look for classes by the driver's
// port, whatever the configuration says; a session that is there when it is called keeps what is configured.
// Java's own compiler is not needed: Janino, which Spark comes with, compiles this when it starts.
public class Connect {
    public static void main(String[] args) {
        org.apache.spark.sql.SparkSession.builder().getOrCreate();
        org.apache.spark.sql.connect.service.SparkConnectServer.main(args);
    }
}
