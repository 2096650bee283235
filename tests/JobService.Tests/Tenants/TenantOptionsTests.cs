using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Tenants;

public sealed class TenantOptionsTests
{
    [Fact]
    public void For_TenantWithOverrides_HasThemAndTheOptionsOfAllTenants()
    {
        var options = Read(
            ("Tenants:MaxJobs", "10"), ("Tenants:MaxPendingJobs", "5"), ("Tenants:PerTenant:acme:MaxJobs", "20"));

        Assert.Equal((20, 5), (options.For("acme").MaxJobs, options.For("acme").MaxPendingJobs));
        Assert.Equal((10, 5), (options.For("other").MaxJobs, options.For("").MaxPendingJobs));
    }

    [Fact]
    public void For_OverrideOfADefault_IsTheOverrideAlsoIfItIsTheDefaultOfAll() =>
        Assert.Equal(0, Read(("Tenants:MaxJobs", "10"), ("Tenants:PerTenant:acme:MaxJobs", "0")).For("acme").MaxJobs);

    [Fact]
    public void For_NameInAnotherCase_IsAnotherTenant()
    {
        var options = Read(("Tenants:PerTenant:ACME:MaxJobs", "7"));

        Assert.Equal((7, 0), (options.For("ACME").MaxJobs, options.For("acme").MaxJobs));
    }

    [Fact]
    public void NameOf_OptionOfATenant_IsTheSettingThatChangesIt()
    {
        var own = Read(("Tenants:MaxJobs", "2"), ("Tenants:PerTenant:acme:MaxPendingJobs", "7")).For("acme");

        Assert.Equal("Tenants:PerTenant:acme:MaxPendingJobs", own.NameOf(nameof(TenantOptions.MaxPendingJobs)));
        Assert.Equal("Tenants:MaxJobs", own.NameOf(nameof(TenantOptions.MaxJobs)));
    }

    [Theory]
    [InlineData("Tenants:PerTenant:acme:MaxJob", "1", "Tenants:PerTenant:acme:MaxJob is not a setting")]
    [InlineData("Tenants:PerTenant:acme:PerTenant:x:MaxJobs", "1", "Tenants:PerTenant:acme:PerTenant is not a setting")]
    [InlineData("Tenants:PerTenant:acme:MaxJobs:0", "1", "Tenants:PerTenant:acme:MaxJobs is not a setting")]
    [InlineData("Tenants:PerTenant:acme", "1", "Tenants:PerTenant:acme needs the name of an option")]
    [InlineData("Tenants:PerTenant:acme:MaxJobs", "-1", "Tenants:PerTenant:acme: The field MaxJobs must be between 0")]
    [InlineData("Tenants:PerTenants:acme:MaxJobs", "1", "Tenants:PerTenants is not a setting")]
    public void For_InvalidOverride_IsRefusedWithItsName(string key, string value, string expected)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read((key, value)));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void For_OverrideThatIsNoNumber_IsRefusedWithItsName()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => Read(("Tenants:PerTenant:acme:MaxJobs", "many")));
        Assert.Contains("Tenants:PerTenant:acme:MaxJobs", refused.Message, StringComparison.Ordinal);
    }

    private static TenantOptions Read(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value))
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddTenants();
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<TenantOptions>>().Value;
    }
}
