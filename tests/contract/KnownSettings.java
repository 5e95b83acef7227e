import kafka.server.KafkaConfig;

/** Prints every setting a broker knows: a misspelt one would be ignored in silence. */
class KnownSettings {
    public static void main(String[] arguments) {
        KafkaConfig.configNames().foreach(name -> { System.out.println(name); return null; });
    }
}
