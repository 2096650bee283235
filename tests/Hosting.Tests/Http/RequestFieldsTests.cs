using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
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
    [InlineData("page_size", """{"page_size": "many"}""")]
    [InlineData("page_size", """{"page_size": 1.5}""")]
    [InlineData("page_size", """{"page_size": 3000000000}""")]
    [InlineData("page_size", """{"page_size": {}}""")]
    [InlineData("pageSize", """{"page_size": 1, "pageSize": 2}""")]
    [InlineData("filter", """{"filter": ["a"]}""")]
    [InlineData("filter", """{"filter": "\ud800"}""")]
    [InlineData("no_field", """{"no_field": 1}""")]
    [InlineData("", """{"": 1}""")]
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
    [InlineData("""{"filter": "a", "filter": "b"}""")]
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

    private static void AssertNames(string field, Action act)
    {
        var failure = Assert.Throws<ServiceException>(act);
        Assert.Equal(ErrorReason.InvalidField, failure.Reason);
        Assert.Equal(field, Assert.Single(failure.FieldViolations).Field);
    }
}
