"""Chain files in the providers' exact layouts, with small invented numbers."""

from __future__ import annotations

import json
from pathlib import Path

HEADER = "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
ROWS = (
    "Fri Jan 05 2024,SPXW240105C04600000,99,1,98,101,4,0,1,0,20,4600.00,SPXW240105P04600000,0.05,0,0,0.05,1,0,0,0,30",
    'Mon Jan 08 2024,SPXW240108C04702500,11.2,1,11,12,"1,040",0.1210,0.51,0.0061,1500,4702.50,SPXW240108P04702500,13,-1,12,14,9,0.1230,-0.49,0.0061,700',
    "Fri Jan 19 2024,SPX240119C04700000,45,1,44,46,10,0.1150,0.52,0.0029,3000,4700.00,SPX240119P04700000,40,-1,39,41,9,0,-0.48,0.0029,9000",
    "Fri Jan 19 2024,SPXW240119C04700000,46,1,45,47,10,0.1160,0.52,0.0029,400,4700.00,SPXW240119P04700000,41,-1,40,42,9,0.1160,-0.48,0.0029,600",
)
NAME = "S&P 500 INDEX,Last: 4697.25,Change:  8.5"
DATES = {
    "plain": '"Date: January 5, 2024 at 4:31 PM EST",Bid: 4645.23,Ask: 4753.89,Size: 1*1,Volume: 0',
    "no comma": '"Date: January 5 2024, 4:31 PM EST",Bid: 0,Ask: 0,Size: 0*0,Volume: 0',
    "unquoted": "Date: 5 January 2024, 4:31 PM EST,Bid: 0,Ask: 0,Size: 1*1,Volume: 0",
    "no blank": "Date: 5 January 2024,4:31 PM EST,Bid: 0,Ask: 0,Size: 1*1,Volume: 51,589,689",
    "unbalanced": '"Date: January 5, 2024 at 4:31 PM EST,Bid: 0,Ask: 0,Size: 1*1,"Volume: 71,039,449"',
}


def quote_table(path: Path, date: str = DATES["plain"], name: str = NAME, first: str = "", rows: tuple[str, ...] = ROWS) -> Path:
    path.write_text("\n".join([first, name, date, HEADER, *rows, ""]), "utf-8")
    return path


def delayed_json(path: Path) -> Path:
    option = {"bid": 11, "ask": 12, "volume": 40, "delta": 0.5, "gamma": 0.006, "last_trade_time": "2024-01-05T16:00:00"}
    options = [
        {"option": "SPXW240108C04702500", "iv": 0.121, "open_interest": 1500, **option},
        {"option": "SPX240119P04700000", "iv": 0.0, "open_interest": 9000, **option},
    ]
    data = {"options": options, "symbol": "^SPX", "security_type": "index", "current_price": 4697.25, "iv30": 11.9}
    path.write_text(json.dumps({"timestamp": "2024-01-05 21:31:00", "data": data, "symbol": "_SPX"}), "utf-8")
    return path


def deribit_hourly(path: Path) -> Path:
    path.write_text(
        "date,instrument_name,expiry_name,expiry_date,strike,type,volume,open_interest,rho,theta,vega,gamma,delta,bid_iv,ask_iv,mark_iv\n"
        "2026-01-23T01:00:00.000000,BTC-13FEB26-100000-C,13FEB26,2026-02-13,100000.0,call,5.2,7.7,6.0,-3.2,4.7,0.00003,0.12,0.0,999.0,36.25\n"
        "2026-01-23T02:00:00.000000,BTC-13FEB26-100000-P,13FEB26,2026-02-13,100000.0,put,0.0,2.0,-5.1,-3.2,4.7,0.00003,-0.88,31.8,37.3,0.0\n",
        "utf-8",
    )
    return path


def deribit_once(path: Path) -> Path:
    path.write_text(
        "instrument_name,type,expiry_date,strike,T_years,S0,market_price_btc,market_price_usd,mark_iv,bid_btc,ask_btc,open_interest\n"
        "BTC-6DEC25-80000-C,call,6DEC25,80000.0,0.00352,92500.0,0.135,12533.2,87.33,,,0.0\n"
        "BTC-6DEC25-80000-P,put,6DEC25,80000.0,0.00352,92500.0,3.5e-05,3.2,87.33,,0.0001,133.5\n",
        "utf-8",
    )
    return path


def broker_csv(path: Path) -> Path:
    path.write_text(
        "expiration,strike,right,bid,ask,last,volume_x,delta,gamma,theta,vega,iv,openInterest,volume_y,impliedVolatility,gex\n"
        "20240119,347.5,C,47.1,50.0,,3.0,0.9,0.004,-0.3,0.1,0.61,120,,,0.0\n"
        "20240119,347.5,P,1.8,2.09,,0.0,-0.09,0.004,-0.3,0.1,0.61,80,,,-0.0\n",
        "utf-8",
    )
    return path
