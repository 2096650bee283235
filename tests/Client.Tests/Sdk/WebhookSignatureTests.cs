using System.Security.Cryptography;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class WebhookSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    private static readonly DateTimeOffset Sent = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);

    /// <summary>The example of the reference implementations (standard-webhooks/standard-webhooks).</summary>
    [Theory]
    [InlineData(Secret, Id, "1614265330", Signature, 0, true)]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Id, "1614265330", Signature, 0, true)]
    [InlineData(Secret, Id, "1614265330", "v1,AAAA v1a,BBBB " + Signature, 300, true)]
    [InlineData(Secret, Id, "1614265330", Signature, 301, false)]
    [InlineData(Secret, Id, "1614265330", Signature, -301, false)]
    [InlineData(Secret, Id, "1614265331", Signature, 0, false)]
    [InlineData(Secret, Id, "now", Signature, 0, false)]
    [InlineData(Secret, Id, "99999999999999999999", Signature, 0, false)]
    [InlineData(Secret, "other", "1614265330", Signature, 0, false)]
    [InlineData(Secret, Id, "1614265330", "", 0, false)]
    [InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Id, "1614265330", Signature, 0, false)]
    public void IsValid_OnlyTheSignedMessageWhileItIsRecent(
        string secret, string id, string timestamp, string signatures, int secondsLater, bool isValid) => Assert.Equal(
            isValid,
            WebhookSignature.IsValid(
                secret, id, timestamp, signatures, "{\"test\": 2432232314}"u8, Sent.AddSeconds(secondsLater)));

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    public void IsValid_EmptySecret_IsRefused(string secret)
    {
        // Anyone can make this signature: HMAC-SHA256 with an empty key.
        var signature = "v1," + Convert.ToBase64String(HMACSHA256.HashData([], "id.1614265330.{}"u8));

        var failure = Assert.Throws<FormatException>(
            () => WebhookSignature.IsValid(secret, "id", "1614265330", signature, "{}"u8, Sent));

        Assert.Equal("The secret is empty.", failure.Message);
    }

    [Fact]
    public void IsValid_ChangedBody_IsFalse() => Assert.False(
        WebhookSignature.IsValid(Secret, Id, "1614265330", Signature, "{\"test\": 2432232315}"u8, Sent),
        "A changed body was accepted.");
}
