using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Hosting.Tests.Http;

public sealed class RequestFieldsTests
{
    [Fact]
    public void ToMessage_PathQueryAndBody_AreOneRequest()
    {
        var fields = new RequestFields(SubmitVideoRequest.Descriptor);
        fields.AddText("pipeline_id", "yolo_ocr");
        fields.AddText("options.frameStride", "5");
        fields.AddText("priority", "0");
        fields.AddJson("""{"displayName": "ä\n", "upload_id": "7", "request_id": null}"""u8);

        Assert.Equal(
            new SubmitVideoRequest
            {
                PipelineId = "yolo_ocr",
                Options = new JobOptions { FrameStride = 5 },
                Priority = 0,
                DisplayName = "ä\n",
                UploadId = "7",
            },
            fields.ToMessage());
    }

    [Theory]
    [InlineData("""{"options": {"frame_stride": "5", "maxFrames": 7}, "content": "AQI="}""")]
    [InlineData("""{"options": {"frameStride": 5, "max_frames": "7"}, "content": "AQI="}""")]
    public void ToMessage_EitherNames_AreTheSame(string json) => Assert.Equal(
        new SubmitVideoRequest
        {
            Options = new JobOptions { FrameStride = 5, MaxFrames = 7 },
            Content = ByteString.CopyFrom(1, 2),
        },
        Read(SubmitVideoRequest.Descriptor, json));

    [Fact]
    public void ToMessage_Duration_IsRead()
    {
        var fields = new RequestFields(WaitJobRequest.Descriptor);
        fields.AddText("timeout", "2.5s");

        Assert.Equal(new WaitJobRequest { Timeout = new() { Seconds = 2, Nanos = 500_000_000 } }, fields.ToMessage());
    }

    [Theory]
    [InlineData("JOB_VIEW_FULL", JobView.Full)]
    [InlineData("2", JobView.Full)]
    [InlineData("JOB_VIEW_UNSPECIFIED", JobView.Unspecified)]
    [InlineData("17", (JobView)17)]
    public void ToMessage_EnumInTheQuery_IsReadByNameOrNumber(string text, JobView view)
    {
        var fields = new RequestFields(GetJobRequest.Descriptor);
        fields.AddText("view", text);

        Assert.Equal(new GetJobRequest { View = view }, fields.ToMessage());
    }

    [Theory]
    [InlineData("FULL")]
    [InlineData("full")]
    [InlineData("job_view_full")]
    [InlineData("2.0")]
    [InlineData("")]
    public void AddText_OtherNameOfAnEnumValue_IsRefusedWithTheNames(string text)
    {
        var failure = Assert.Throws<ServiceException>(
            () => new RequestFields(GetJobRequest.Descriptor).AddText("view", text));

        Assert.Equal(
            "view must be one of JOB_VIEW_UNSPECIFIED, JOB_VIEW_BASIC, JOB_VIEW_FULL.",
            Assert.Single(failure.FieldViolations).Description);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public void ToMessage_BooleanInTheQuery_IsRead(string text, bool value)
    {
        var fields = new RequestFields(SubmitVideoRequest.Descriptor);
        fields.AddText("validate_only", text);

        Assert.Equal(new SubmitVideoRequest { ValidateOnly = value }, fields.ToMessage());
    }

    [Theory]
    [InlineData("display_name,tags", "display_name", "tags")]
    [InlineData("displayName,tags", "display_name", "tags")]
    [InlineData("priority", "priority")]
    [InlineData("*", "*")]
    [InlineData("")]
    public void ToMessage_FieldMask_IsReadWithEitherNames(string text, params string[] paths)
    {
        var inQuery = new RequestFields(UpdateJobRequest.Descriptor);
        inQuery.AddText("update_mask", text);

        var expected = new UpdateJobRequest { UpdateMask = new() { Paths = { paths } } };
        Assert.Equal(expected, inQuery.ToMessage());
        Assert.Equal(expected, Read(UpdateJobRequest.Descriptor, $$"""{"update_mask": "{{text}}"}"""));
    }

    [Fact]
    public void AddJson_BodyOfOneMessage_KeepsTheVariableOfThePath()
    {
        var expected = new UpdateJobRequest { Job = new Job { JobId = "7", Tags = { ["camera"] = "north" } } };
        Assert.Equal(expected, ReadJob("""{"tags": {"camera": "north"}}"""));
        Assert.Equal(expected, ReadJob("""{"tags": {"camera": "north"}, "job_id": "7"}"""));
        Assert.Equal(expected, ReadJob("""{"tags": {"camera": "north"}, "jobId": "7"}"""));
        AssertNames("job.job_id", () => ReadJob("""{"job_id": "8"}"""));
        AssertNames("job.no_field", () => ReadJob("""{"no_field": 1}"""));
        AssertNames("job.tags.camera", () => ReadJob("""{"tags": {"camera": 1}}"""));
        AssertNames("job.tags", () => ReadJob("""{"tags": ["camera"]}"""));
        Assert.Equal(
            ErrorReason.MalformedRequest, Assert.Throws<ServiceException>(() => ReadJob("[]")).Reason);
    }

    [Fact]
    public void AddJson_JobAsItWasReturned_IsRead()
    {
        var job = new Job
        {
            JobId = "7",
            Etag = "W/\"a\"",
            CreatedAt = new() { Seconds = 1 },
            Summary = new() { Labels = { new LabelSummary { Label = "person", DetectionCount = 5_000_000_000 } } },
            Error = ErrorStatus.Create(ErrorReason.StageFailed, "It failed.", new Dictionary<string, string>()),
            Attempts = { new Attempt { Error = ErrorStatus.Create(
                ErrorReason.StageFailed, "It failed.", new Dictionary<string, string> { ["node"] = "detect" }) } },
        };

        Assert.Equal(new UpdateJobRequest { Job = job }, ReadJob(ForegSyteJson.Formatter.Format(job)));
    }

    [Theory]
    [InlineData("tags")]
    [InlineData("tags.camera")]
    public void AddText_Map_IsRefusedWithAnExplanation(string path)
    {
        var failure = Assert.Throws<ServiceException>(
            () => new RequestFields(SubmitVideoRequest.Descriptor).AddText(path, "north"));

        var violation = Assert.Single(failure.FieldViolations);
        Assert.Equal(path, violation.Field);
        Assert.StartsWith(
            $"{path} is a map and cannot be in the query.", violation.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "status", "FAILED",
        "status is not a field of this request; it has page_size, page_token, filter, view. To select by it, use "
        + "filter=status=FAILED, percent-encoded where necessary.")]
    [InlineData(
        "display_name", "a b",
        "display_name is not a field of this request; it has page_size, page_token, filter, view. To select by it, use "
        + "filter=display_name=\"VALUE\", percent-encoded where necessary.")]
    [InlineData(
        "pagesize", "1",
        "pagesize is not a field of this request; it has page_size, page_token, filter, view. Did you mean "
        + "'page_size'?")]
    public void AddText_UnknownField_NamesItAndTheOneToUse(string name, string value, string expected)
    {
        var failure = Assert.Throws<ServiceException>(
            () => new RequestFields(ListJobsRequest.Descriptor).AddText(name, value));

        Assert.Equal(expected, failure.Message);
        Assert.Equal(name, Assert.Single(failure.FieldViolations).Field);
    }

    [Theory]
    [InlineData("page_size", """{"page_size": "many"}""")]
    [InlineData("page_size", """{"page_size": 1.5}""")]
    [InlineData("page_size", """{"page_size": 3000000000}""")]
    [InlineData("page_size", """{"page_size": {}}""")]
    [InlineData("pageSize", """{"page_size": 1, "pageSize": 2}""")]
    [InlineData("filter", """{"filter": ["a"]}""")]
    [InlineData("filter", """{"filter": "\ud800"}""")]
    [InlineData("no_field", """{"no_field": 1}""")]
    [InlineData("\"\"", """{"": 1}""")]
    [InlineData("filter", """{"filter": "a", "filter": "b"}""")]
    [InlineData("filter", """{"filter": "a", "\u0066ilter": "b"}""")]
    public void Read_WrongField_IsNamed(string field, string json) =>
        AssertNames(field, () => Read(ListJobsRequest.Descriptor, json));

    [Theory]
    [InlineData("options.frame_stride", """{"options": {"frame_stride": "x"}}""")]
    [InlineData("options.no_field", """{"options": {"no_field": 1}}""")]
    [InlineData("options", """{"options": 7}""")]
    [InlineData("content", """{"content": "no base64!"}""")]
    [InlineData("source", """{"uri": "a", "upload_id": "b"}""")]
    public void Read_WrongNestedField_IsNamedByItsPath(string field, string json) =>
        AssertNames(field, () => Read(SubmitVideoRequest.Descriptor, json));

    [Theory]
    [InlineData("priority must be a whole number (int32).", """{"priority": "x"}""")]
    [InlineData("options.frame_stride must be a whole number (int32).", """{"options": {"frame_stride": "x"}}""")]
    [InlineData("tags.a must be a text.", """{"tags": {"b": "c", "a": 1}}""")]
    [InlineData("tags.a must be a text.", """{"tags": {"a": null}}""")]
    [InlineData("tags.a must be a text.", """{"tags": {"a": {"b": "c"}}}""")]
    [InlineData("tags must be a JSON object with a value for each key.", """{"tags": "a"}""")]
    [InlineData(
        "pipeline is not a field of this request; /openapi.json lists its fields. Did you mean 'pipeline_id'?",
        """{"pipeline": "a"}""")]
    [InlineData(
        "a\\u001b\\u0000 is not a field of this request; /openapi.json lists its fields.",
        """{"a\u001b\u0000": 1}""")]
    [InlineData("pipelineId must not be in the request twice.", """{"pipeline_id": "a", "pipelineId": "a"}""")]
    [InlineData("uri must not be in the request twice.", """{"uri": "a", "uri": "a"}""")]
    [InlineData("tags.a must not be in the request twice.", """{"tags": {"a": "b", "a": "c"}}""")]
    [InlineData(
        "options.frame_stride must not be in the request twice.",
        """{"tags": {"a": "b"}, "options": {"frame_stride": 1, "frame_stride": 2}}""")]
    public void Read_WrongField_IsNamedInTheMessage(string message, string json)
    {
        var failure = Assert.Throws<ServiceException>(() => Read(SubmitVideoRequest.Descriptor, json));

        Assert.Equal(ErrorReason.InvalidField, failure.Reason);
        Assert.Equal(message, failure.Message);
        Assert.StartsWith(
            Assert.Single(failure.FieldViolations).Field + " ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'filter': 1}", 1, 2)]
    [InlineData("{\n  \"filter\": oops\n}", 2, 13)]
    [InlineData("{\"filter\": \"a\"", 1, 15)]
    public void AddJson_InvalidJson_IsLocated(string json, int line, int position) => Assert.Equal(
        $"The body is not valid JSON of at most 16 levels: the error is in line {line} at byte {position}.",
        Assert.Throws<ServiceException>(() => Read(ListJobsRequest.Descriptor, json)).Message);

    [Theory]
    [InlineData("options", "7")]
    [InlineData("options.frame_stride.x", "7")]
    [InlineData("pipeline_id.x", "7")]
    [InlineData("..", "7")]
    [InlineData("priority", "urgent")]
    public void AddText_WrongField_IsNamed(string path, string value) =>
        AssertNames(path, () => new RequestFields(SubmitVideoRequest.Descriptor).AddText(path, value));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("""{"filter": "a"} {}""")]
    [InlineData("{'filter': 'a'}")]
    [InlineData("""{"\ud800": "a"}""")]
    public void AddJson_NoObject_IsMalformed(string json) => Assert.Equal(
        ErrorReason.MalformedRequest,
        Assert.Throws<ServiceException>(() => Read(ListJobsRequest.Descriptor, json)).Reason);

    [Fact]
    public void AddJson_DeepNesting_IsMalformed() => Assert.Equal(
        ErrorReason.MalformedRequest,
        Assert.Throws<ServiceException>(() => Read(
            ListJobsRequest.Descriptor,
            $$"""{"filter": {{new string('[', 60_000)}}{{new string(']', 60_000)}}}""")).Reason);

    private static IMessage Read(Google.Protobuf.Reflection.MessageDescriptor type, string json)
    {
        var fields = new RequestFields(type);
        fields.AddJson(Encoding.UTF8.GetBytes(json));
        return fields.ToMessage();
    }

    private static IMessage ReadJob(string json)
    {
        var fields = new RequestFields(UpdateJobRequest.Descriptor);
        fields.AddPathVariable("job.job_id", "7");
        fields.AddJson(Encoding.UTF8.GetBytes(json), UpdateJobRequest.Descriptor.FindFieldByName("job"));
        return fields.ToMessage();
    }

    private static void AssertNames(string field, Action act)
    {
        var failure = Assert.Throws<ServiceException>(act);
        Assert.Equal(ErrorReason.InvalidField, failure.Reason);
        Assert.Equal(field, Assert.Single(failure.FieldViolations).Field);
    }
}
