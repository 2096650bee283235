using System.Text;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Tracks;

/// <summary>
/// Jobs with adaptive sampling over <see cref="MovingObjects"/>: the models look at every third frame, and the objects
/// of the others were found again by their pictures.
/// </summary>
public sealed class AdaptiveJobTests
{
    private const int Step = 4;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_AdaptiveSampling_HasAResultForEachFrameWithBoxesOfTracks()
    {
        var inference = Inference();
        await using var engine = new JobEngine(inference, _time, null, [("Dispatch:SegmentFrames", "40")]);
        var jobId = await engine.AddJobAsync(choices: new JobOptions { Sampling = Sampling.Adaptive });
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(
            [(0, 4, 32), (32, 4, 32), (64, 4, 32)],
            inference.Requests.OrderBy(request => request.Range.StartFrame)
                .Select(request => (request.Range.StartFrame, request.Adaptive.Step, request.Adaptive.Interval)));
        Assert.Equal((100, 75), (job.Summary!.Frames.Analyzed, job.Summary.Frames.Interpolated));
        var results = Encoding.UTF8.GetString(await engine.Storage.ReadAsync(job.OutputPath!));
        var frames = ForegSyteJson.Parser.Parse<ResultsDocument>(results).Results;
        Assert.Equal(100, frames.Count);
        foreach (var frame in frames.Where(frame => frame.FrameIndex is > 0 and < 56))
        {
            Assert.Equal(frame.FrameIndex % Step != 0, frame.Interpolated);
            var boxes = frame.Result.Detections.Concat(frame.Result.InterpolatedDetections);
            var person = Assert.Single(boxes, box => box.Label == "person");
            var expected = MovingObjects.PersonAt(frame.FrameIndex);
            Assert.InRange(person.Box.X, expected.X - 2, expected.X + 2);
            Assert.Equal(1, person.TrackId);
        }
    }

    [Fact]
    public async Task RunAsync_OtherLengthsOfSegments_GiveTheSameBytes()
    {
        var documents = new List<(string Results, string Tracks)>();
        foreach (var length in new[] { 8, 40, 1000 })
        {
            await using var engine = new JobEngine(
                Inference(), _time, null, [("Dispatch:SegmentFrames", $"{length}")]);
            var jobId = await engine.AddJobAsync(choices: new JobOptions { Sampling = Sampling.Adaptive });
            await engine.RunAsync(jobId);
            var job = await engine.ReadAsync(jobId);
            documents.Add((await TextAsync(job.OutputPath!), await TextAsync(ArtifactKeys.Tracks(job.OutputPath!))));

            async Task<string> TextAsync(string key) =>
                Encoding.UTF8.GetString(await engine.Storage.ReadAsync(key));
        }

        Assert.All(documents, document => Assert.Equal(documents[0], document));
    }

    [Fact]
    public async Task RunAsync_AllFrames_AsksForNoSampling()
    {
        var inference = MovingObjects.Inference();
        await using var engine = new JobEngine(inference, _time, null, [("Dispatch:SegmentFrames", "40")]);
        await engine.RunAsync(await engine.AddJobAsync());

        Assert.All(inference.Requests, request => Assert.Null(request.Adaptive));
    }

    private static ScriptedInference Inference() => new()
    {
        Width = MovingObjects.Width,
        Height = MovingObjects.Height,
        Change = (_, response) =>
        {
            MovingObjects.Describe(response, MovingObjects.Tracking);
            foreach (var (frame, observed) in response.Results.Zip(response.Observations))
            {
                if (frame.FrameIndex % Step == 0)
                {
                    continue;
                }

                frame.Interpolated = true;
                response.Frames.Interpolated++;
                observed.Candidates.AddRange(frame.Result.Detections.Select(found => new Candidate
                {
                    Label = found.Label,
                    ClassId = found.ClassId,
                    Confidence = found.Confidence,
                    Box = found.Box,
                }));
                frame.Result.Detections.Clear();
            }
        },
    };
}
