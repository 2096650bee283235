using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Protocol.Errors;
using ForegSyte.Video;

namespace ForegSyte.Fuzz.Tests.Targets;

/// <summary>The MP4 checks of both services on mutated clips.</summary>
public sealed class Mp4CheckFuzzTests(OutcomeCounts outcomes)
{
    /// <summary>A clip without most of its frames, so that mutations mostly hit the index.</summary>
    private static readonly byte[] Small =
        Corpus.Sample.After("mdat", data => data.Payload = data.Payload[..64]);

    [Fact]
    public Task JobService_Inspect_AlwaysHasAResult() =>
        Fuzzing.RunAsync("MP4 check of the JobService", outcomes, random =>
        {
            using var video = new MemoryStream(Mutation.OfBytes(Small, random));
            return Mp4Check.Inspect(video).Problem?.ToString() ?? "acceptable";
        });

    [Fact]
    public Task InferenceService_Check_AlwaysHasAResult() =>
        Fuzzing.RunAsync("MP4 check of the InferenceService", outcomes, random =>
        {
            using var video = new MemoryStream(Mutation.OfBytes(Small, random));
            try
            {
                TopLevelBoxCheck.Run(video);
                return "acceptable";
            }
            catch (VideoRefusedException refusal)
            {
                return refusal.Reason.ToText();
            }
        });
}
