using ForegSyte.Hosting.Security;

namespace ForegSyte.Hosting.Tests.Security;

public sealed class RpcRulesTests
{
    private readonly RpcRules _rules = new(
    [
        new(new Dictionary<string, RpcRule> { ["/foregsyte.v1.A/Get"] = RpcRule.Read }),
        new(new Dictionary<string, RpcRule> { ["/foregsyte.v1.B/Set"] = RpcRule.Change }),
    ]);

    [Fact]
    public void Of_RulesOfSeveralServices_AreFound()
    {
        Assert.Equal(RpcRule.Read, _rules.Of("/foregsyte.v1.A/Get"));
        Assert.Equal(RpcRule.Change, _rules.Of("/foregsyte.v1.B/Set"));
    }

    [Fact]
    public void Of_RpcWithoutARule_NeedsAdmin()
    {
        Assert.Equal(RpcRule.Operate, _rules.Of("/foregsyte.v1.A/Forgotten"));
        Assert.Null(_rules.Of("/grpc.health.v1.Health/Check"));
    }

    [Fact]
    public void IsAudited_Rules_AreThoseThatChangeSomething()
    {
        Assert.All(
            [RpcRule.Read, RpcRule.ReadOrSubmit, RpcRule.Submit, RpcRule.Inspect],
            rule => Assert.False(rule.IsAudited, $"{rule} is audited."));
        Assert.All(
            [RpcRule.Change, RpcRule.Operate], rule => Assert.True(rule.IsAudited, $"{rule} is not audited."));
    }
}
