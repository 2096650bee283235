using ForegSyte.Hosting.Http;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>What came back over HTTP.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Headers">The headers, those of the body among them.</param>
/// <param name="Body">The body.</param>
internal sealed record HttpReply(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The message of an answer that has to be one.</summary>
    public T Read<T>()
        where T : IMessage<T>, new()
    {
        Assert.True(Status == 200, $"{Status} {Body}");
        AssertIsJson();
        return ForegSyteJson.StrictParser.Parse<T>(Body);
    }

    /// <summary>The error of an answer that has to be one, held to what is published of errors.</summary>
    public Refusal ReadError()
    {
        Assert.InRange(Status, 400, 599);
        AssertIsJson();
        var refusal = Refusal.ReadJson(Body);
        Assert.Equal(
            refusal.Status.GetDetail<RetryInfo>() is { } retry
                ? $"{Math.Ceiling(retry.RetryDelay.ToTimeSpan().TotalSeconds)}"
                : null,
            Headers.GetValueOrDefault("Retry-After"));

        // What is not there is no method; HTTP has words of its own for that.
        if (refusal.Reason != ErrorReason.Unimplemented)
        {
            Assert.Equal(HttpStatus.CodeOf(refusal.Reason), Status);
        }

        return refusal;
    }

    private void AssertIsJson()
    {
        Assert.Equal("application/json", Headers["Content-Type"]);
        Assert.Equal("no-store", Headers["Cache-Control"]);
        Assert.Equal("nosniff", Headers["X-Content-Type-Options"]);
    }
}
