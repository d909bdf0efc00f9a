import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * A broker's side of MSK's IAM access control: the token is a signed URL, and a client that signed it with the one key that this
 * broker knows is let in under its access key's id. The signature is recomputed without a library for it.
 *
 * <p>System properties: {@code iam.accessKeyId}, {@code iam.secretAccessKey}, {@code iam.sessionToken}, {@code iam.region}.
 */
public class IamTokenValidator implements AuthenticateCallbackHandler {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final Duration LIFETIME = Duration.ofMinutes(15);
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    private final String accessKeyId = System.getProperty("iam.accessKeyId");
    private final String secretAccessKey = System.getProperty("iam.secretAccessKey");
    private final String sessionToken = System.getProperty("iam.sessionToken");
    private final String region = System.getProperty("iam.region");

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {}

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) {
        for (Callback callback : callbacks) {
            // Others are about extensions, of which the client sends none.
            if (callback instanceof OAuthBearerValidatorCallback) {
                OAuthBearerValidatorCallback login = (OAuthBearerValidatorCallback) callback;
                try {
                    login.token(new Token(login.tokenValue(), signedAt(login.tokenValue()).plus(LIFETIME)));
                } catch (Refused | RuntimeException | GeneralSecurityException refused) {
                    login.error("Access denied: " + refused.getMessage(), null, null);
                }
            }
        }
    }

    private Instant signedAt(String token) throws Refused, GeneralSecurityException {
        URI url = URI.create(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8));
        require("address", "https://kafka." + region + ".amazonaws.com/", url.getScheme() + "://" + url.getHost() + url.getPath());
        // In the order of their names, each as it was sent.
        Map<String, String> query = new TreeMap<>();
        for (String pair : url.getRawQuery().split("&")) {
            String[] parts = pair.split("=", 2);
            if (query.put(parts[0], parts[1]) != null) {
                throw new Refused(parts[0] + " is there twice");
            }
        }
        String signature = query.remove("X-Amz-Signature");
        query.remove("User-Agent");
        String date = query.get("X-Amz-Date");
        String scope = date.substring(0, 8) + "/" + region + "/kafka-cluster/aws4_request";
        require("Action", "kafka-cluster:Connect", decoded(query, "Action"));
        require("X-Amz-Algorithm", "AWS4-HMAC-SHA256", decoded(query, "X-Amz-Algorithm"));
        require("X-Amz-Credential", accessKeyId + "/" + scope, decoded(query, "X-Amz-Credential"));
        require("X-Amz-Expires", Long.toString(LIFETIME.toSeconds()), decoded(query, "X-Amz-Expires"));
        require("X-Amz-Security-Token", sessionToken, decoded(query, "X-Amz-Security-Token"));
        require("X-Amz-SignedHeaders", "host", decoded(query, "X-Amz-SignedHeaders"));

        String pairs = query.entrySet().stream()
                .map(pair -> pair.getKey() + "=" + pair.getValue())
                .collect(Collectors.joining("&"));
        String request = "GET\n/\n" + pairs + "\nhost:" + url.getHost() + "\n\nhost\n" + hash("");
        String text = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hash(request);
        byte[] key = ("AWS4" + secretAccessKey).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        require("X-Amz-Signature", HexFormat.of().formatHex(hmac(key, text)), signature);

        Instant signedAt = DATE.parse(date, Instant::from);
        Instant now = Instant.now();
        if (signedAt.isAfter(now.plus(CLOCK_SKEW)) || !signedAt.plus(LIFETIME).isAfter(now)) {
            throw new Refused("the token of " + signedAt + " is not valid at " + now);
        }
        return signedAt;
    }

    private static String decoded(Map<String, String> query, String name) {
        String value = query.get(name);
        // A plus would stand for a blank in forms alone.
        return value == null ? null : URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static void require(String name, String wanted, String found) throws Refused {
        if (!wanted.equals(found)) {
            throw new Refused(name + " is another");
        }
    }

    private static String hash(String text) throws GeneralSecurityException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static class Refused extends Exception {
        Refused(String reason) {
            super(reason);
        }
    }

    private class Token implements OAuthBearerToken {
        private final String value;
        private final Instant expires;

        Token(String value, Instant expires) {
            this.value = value;
            this.expires = expires;
        }

        @Override
        public String value() {
            return value;
        }

        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return expires.toEpochMilli();
        }

        @Override
        public String principalName() {
            return accessKeyId;
        }

        @Override
        public Long startTimeMs() {
            return null;
        }
    }
}
