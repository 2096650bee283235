using System.Text;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.V1;

namespace ForegSyte.Fuzz.Tests.Targets;

/// <summary>Mutated HTTP requests: JSON bodies, queries, paths.</summary>
public sealed class HttpRequestFuzzTests(OutcomeCounts outcomes)
{
    private static readonly string[] Bodies =
    [
        """{"uri": "file:///a.mp4", "pipeline_id": "yolo_ocr", "options": {"frame_stride": 5}, "priority": 9}""",
        """{"uploadId": "0f8fad5b-d9cb-469f-a165-70867728950e", "pipelineId": "a", "displayName": "\u00e4"}""",
        """{"content": "AAAAIGZ0eXA=", "options": {"frameStride": "5", "maxFrames": 1e2}, "requestId": null}""",
    ];

    private static readonly PathTemplate Template = PathTemplate.Parse("/v1/uploads/{upload_id}/parts/{offset}:write");

    [Fact]
    public Task Json_NearlyARequest_IsReadOrRefusedWithAReason() => Fuzzing.RunAsync("JSON bodies", outcomes, random =>
    {
        var body = Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)]);
        return Read(fields => fields.AddJson(Mutation.OfBytes(body, random)));
    });

    [Fact]
    public Task Query_NearlyOfAField_IsReadOrRefusedWithAReason() => Fuzzing.RunAsync("queries", outcomes, random =>
        Read(fields => fields.AddText(
            Mutation.OfText("options.frame_stride", random), Mutation.OfText("5", random))));

    [Fact]
    public Task Path_NearlyOfTheTemplate_HasItsValuesOrNone() => Fuzzing.RunAsync("paths", outcomes, random =>
    {
        var path = Mutation.OfText("/v1/uploads/a/parts/7:write", random);
        if (Template.Match(path) is not { } values)
        {
            return "none";
        }

        Assert.Equal(path, $"/v1/uploads/{values["upload_id"]}/parts/{values["offset"]}:write");
        return "matched";
    });

    private static string Read(Action<RequestFields> add)
    {
        try
        {
            var fields = new RequestFields(SubmitVideoRequest.Descriptor);
            add(fields);
            return fields.ToMessage() is SubmitVideoRequest ? "read" : "of another type";
        }
        catch (ServiceException refusal)
        {
            return refusal.ReasonText;
        }
    }
}
