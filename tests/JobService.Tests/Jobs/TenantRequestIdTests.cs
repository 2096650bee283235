using CsCheck;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class TenantRequestIdTests
{
    private static readonly Gen<string> Tenant = Gen.String[Gen.Char['a', 'z'], 1, 8];

    [Fact]
    public void Of_NoTenant_IsTheCallersId()
    {
        var requestId = Guid.NewGuid();

        Assert.Equal(requestId, TenantRequestId.Of("", requestId));
    }

    [Fact]
    public void Of_ATenant_IsAFixedUuidOfVersion8()
    {
        var requestId = Guid.Parse("3f2b8c1e-5a44-4b6f-9c70-0d1e2f3a4b5c");

        var stored = TenantRequestId.Of("acme", requestId);

        // echo -n 3f2b8c1e5a444b6f9c700d1e2f3a4b5c61636d65 | xxd -r -p | sha256sum, then set version and variant.
        Assert.Equal("1fa0de5c-7b69-88ed-b6f0-6c671da30dc1", stored.ToString());
        Assert.Equal((8, 0b10), (stored.Version, stored.Variant >> 2));
    }

    [Fact]
    public void DifferencesFrom_AnotherRequest_NamesItsFields()
    {
        var request = new RequestFingerprint("sha256:ab", "p", 1, 0, "lobby", Options: "{\"min_confidence\":0.5}");

        Assert.Empty(request.DifferencesFrom(request with { }));
        Assert.Equal(["source"], request.DifferencesFrom(request with { Source = "sha256:cd" }));
        Assert.Equal(["pipeline_id"], request.DifferencesFrom(request with { PipelineId = "q" }));
        Assert.Equal(["options.frame_stride"], request.DifferencesFrom(request with { FrameStride = 2 }));
        Assert.Equal(["options.max_frames"], request.DifferencesFrom(request with { MaxFrames = 2 }));
        Assert.Equal(["display_name"], request.DifferencesFrom(request with { DisplayName = "" }));
        Assert.Equal(["priority"], request.DifferencesFrom(request with { Priority = 9 }));
        Assert.Equal(["tags"], request.DifferencesFrom(request with { Tags = "{}" }));
        Assert.Equal(["options.min_confidence"], request.DifferencesFrom(request with { Options = null }));
        Assert.Equal(["reuse_results"], request.DifferencesFrom(request with { ReuseResults = true }));
        Assert.Equal(["webhook"], request.DifferencesFrom(request with { Webhook = "ab" }));
    }

    [Fact]
    public void DifferencesFrom_RepetitionOfASubmittedUpload_ComparesTheUpload()
    {
        var upload = Guid.NewGuid();
        var request = new RequestFingerprint("sha256:ab", "p", 1, 0, "", UploadId: upload);
        var withoutBytes = request with { Source = "" };

        Assert.Empty(withoutBytes.DifferencesFrom(request));
        Assert.Equal(["source"], withoutBytes.DifferencesFrom(request with { UploadId = Guid.NewGuid() }));
        Assert.Equal(["source"], (withoutBytes with { UploadId = null }).DifferencesFrom(request));
    }

    [Fact]
    public void Of_AnotherTenantOrId_IsAnotherUuid() =>
        Gen.Select(Tenant, Tenant, Gen.Guid, Gen.Guid).Sample((left, right, first, second) =>
        {
            Assert.Equal(left == right, TenantRequestId.Of(left, first) == TenantRequestId.Of(right, first));
            Assert.Equal(first == second, TenantRequestId.Of(left, first) == TenantRequestId.Of(left, second));
        });
}
