using CsCheck;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class SegmentCheckTests
{
    private static readonly Gen<(Segment Segment, int Stride)> Segments =
        from start in Gen.Int[0, 200]
        from length in Gen.Int[1, 60]
        from stride in Gen.Int[1, 9]
        select (new Segment(0, start, start + length), stride);

    /// <summary>Correct responses, some with failed frames.</summary>
    private static readonly Gen<(Segment Segment, int Stride, RunPipelineResponse Response)> Responses =
        from sample in Segments
        from failed in Gen.Int[0, 60]
        select (sample.Segment, sample.Stride, ResponseTo(sample.Segment, sample.Stride, failed));

    [Fact]
    public void DefectOf_CorrectResponse_IsNull() => Responses.Sample(sample =>
        Assert.Null(SegmentCheck.DefectOf(sample.Segment, sample.Stride, sample.Response)));

    [Fact]
    public void DefectOf_AnyCountChanged_NamesTheSegment() =>
        Gen.Select(Responses, Gen.Int[0, 6], Gen.Int[0, 3]).Sample(
            (sample, field, change) =>
            {
                var by = new[] { -1, 1, int.MaxValue, int.MinValue }[change];
                var frames = sample.Response.Frames;
                switch (field)
                {
                    case 0: frames.Total = unchecked(frames.Total + by); break;
                    case 1: frames.Analyzed = unchecked(frames.Analyzed + by); break;
                    case 2: frames.Skipped = unchecked(frames.Skipped + by); break;
                    case 3: frames.Failed = unchecked(frames.Failed + by); break;
                    case 4: frames.Damaged = by < 0 ? by : frames.Analyzed + 1; break;
                    case 5: frames.Interpolated = by < 0 ? by : frames.Analyzed + 1; break;
                    default: frames.Failures.Add(Failed("DECODER_LOST", by)); break;
                }

                var defect = SegmentCheck.DefectOf(sample.Segment, sample.Stride, sample.Response);
                Assert.Contains(
                    FormattableString.Invariant(
                        $"frames {sample.Segment.StartFrame} to {sample.Segment.EndFrame} is wrong"),
                    defect, StringComparison.Ordinal);
            });

    [Fact]
    public void DefectOf_AnyFrameIndexChanged_IsFound() =>
        Gen.Select(Responses, Gen.Int[0, 60], Gen.Int[-300, 300]).Sample((sample, index, by) =>
        {
            if (sample.Response.Results.Count == 0 || by == 0)
            {
                return;
            }

            // A change to another multiple of the stride between its neighbours is undetectable.
            var results = sample.Response.Results;
            index %= results.Count;
            var changed = results[index].FrameIndex + by;
            var after = index == 0 ? sample.Segment.StartFrame - 1 : results[index - 1].FrameIndex;
            var before = index == results.Count - 1 ? sample.Segment.EndFrame : results[index + 1].FrameIndex;
            results[index].FrameIndex = changed;
            var isUndetectable = changed > after && changed < before && changed % sample.Stride == 0;
            Assert.Equal(
                isUndetectable, SegmentCheck.DefectOf(sample.Segment, sample.Stride, sample.Response) is null);
        });

    [Fact]
    public void DefectOf_FrameMissingOrTwice_IsFound() => Responses.Sample(sample =>
    {
        var results = sample.Response.Results;
        if (results.Count == 0)
        {
            return;
        }

        var twice = sample.Response.Clone();
        twice.Results.Insert(0, twice.Results[0].Clone());
        twice.Frames.Analyzed++;
        Assert.NotNull(SegmentCheck.DefectOf(sample.Segment, sample.Stride, twice));
        results.RemoveAt(0);
        Assert.NotNull(SegmentCheck.DefectOf(sample.Segment, sample.Stride, sample.Response));
    });

    [Fact]
    public void DefectOf_ResponseWithoutCounts_IsFound() => Assert.NotNull(
        SegmentCheck.DefectOf(new Segment(0, 0, 1), 1, new RunPipelineResponse()));

    /// <summary>Results for a segment of frames 10 to 14 with a stride of 2.</summary>
    [Theory]
    [InlineData(10, 10, 10)]
    [InlineData(10, 14, 14)]
    [InlineData(8, 12, 8)]
    [InlineData(10, 11, 11)]
    [InlineData(12, 10, 10)]
    public void DefectOf_WrongResult_NamesItsFrame(int first, int second, int wrong)
    {
        var segment = new Segment(0, 10, 14);
        var response = ResponseTo(segment, stride: 2, failed: 0);
        (response.Results[0].FrameIndex, response.Results[1].FrameIndex) = (first, second);

        Assert.Equal(
            $"The response for the segment of frames 10 to 14 is wrong: it has an unexpected result for frame {wrong}. "
            + "This is a defect of the InferenceService.",
            SegmentCheck.DefectOf(segment, 2, response));
    }

    [Fact]
    public void DefectOf_WrongCounts_NamesThem()
    {
        var segment = new Segment(0, 10, 14);
        Assert.Equal(
            "it counts 5 frames (2 analyzed, 2 skipped, 0 failed); the segment has 4, of which 2 were requested",
            Defect(response => response.Frames.Total = 5));
        Assert.Equal("it counts 3 damaged frames among 2 analyzed", Defect(response => response.Frames.Damaged = 3));
        Assert.Equal(
            "it counts 3 interpolated frames among 2 analyzed", Defect(response => response.Frames.Interpolated = 3));
        Assert.Equal(
            "its reasons do not add up to its 0 failed frames",
            Defect(response => response.Frames.Failures.Add(Failed("DECODER_LOST", 1))));
        Assert.Equal(
            "it has results for 1 frames but counts 2 analyzed", Defect(response => response.Results.RemoveAt(0)));

        string Defect(Action<RunPipelineResponse> change)
        {
            var response = ResponseTo(segment, stride: 2, failed: 0);
            change(response);
            var defect = SegmentCheck.DefectOf(segment, 2, response)!;
            return defect.Split("wrong: ")[1].Split(". This")[0];
        }
    }

    private static RunPipelineResponse ResponseTo(Segment segment, int stride, int failed)
    {
        var response = ScriptedInference.Answer(new RunPipelineRequest
        {
            Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
            FrameStride = stride,
        });
        failed = Math.Min(failed, response.Results.Count);
        for (var i = 0; i < failed; i++)
        {
            response.Results.RemoveAt(response.Results.Count / 2);
        }

        if (failed > 0)
        {
            response.Frames.Analyzed -= failed;
            response.Frames.Damaged = response.Frames.Analyzed;
            response.Frames.Failed = failed;
            response.Frames.Failures.Add(Failed("UNDECODABLE_VIDEO", failed));
        }

        return response;
    }

    private static FrameFailureCount Failed(string reason, int frames) =>
        new() { Reason = reason, FrameCount = frames };
}
